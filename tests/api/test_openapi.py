"""The OpenAPI document and the page to read it: whole, true, and from this host alone."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import httpx
import msgspec
import pytest
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from api.app import app
from api.openapi.document import whole_document
from api.openapi.responses import MEANING

Operation = tuple[str, str, dict[str, Any]]
JSON, PROBLEM = "application/json", "application/problem+json"


@pytest.fixture
def document() -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(whole_document(app)))


@pytest.fixture
def operations(document: dict[str, Any]) -> list[Operation]:
    return [(method, path, one) for path, item in document["paths"].items() for method, one in item.items()]


def handlers() -> dict[tuple[str, str], HTTPRouteHandler]:
    """Every documented handler, by method and path."""
    return {
        (method.lower(), re.sub(r":\w+}", "}", route.path)): handler
        for route in app.routes
        if route.path.startswith(("/api/", "/webhooks/"))
        for handler in getattr(route, "route_handlers", ())
        if handler.resolve_include_in_schema()
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def test_the_document_names_every_route_and_tells_them_apart(operations: list[Operation]) -> None:
    assert {(method, path) for method, path, _ in operations} == set(handlers())
    ids = [one["operationId"] for _, _, one in operations]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_it_does_and_what_can_go_wrong(operations: list[Operation]) -> None:
    for method, path, one in operations:
        assert one["description"], (method, path)
        assert 5 < len(one["summary"]) < 120, (method, path, one["summary"])
        refusals = {status: answer for status, answer in one["responses"].items() if status.startswith(("4", "5"))}
        assert any(status.startswith("4") for status in refusals), (method, path)
        for status, answer in refusals.items():
            assert answer["description"], (method, path, status)
            assert answer["content"][PROBLEM]["example"]["status"] == int(status), (method, path, status)
        if "requestBody" in one:
            assert {"400", "413", "415", "422"} <= set(one["responses"]), (method, path)
        if "security" in one:
            assert "401" in one["responses"], (method, path)


def test_no_schema_is_both_a_body_and_an_answer(operations: list[Operation]) -> None:
    """The body's example would be told or not as Litestar, in no order, met the one or the other first."""
    bodies = {name for _, _, one in operations for name in _schemas_in(one.get("requestBody"))}
    answers = {name for _, _, one in operations for name in _schemas_in(one["responses"])}

    assert len(bodies) > 20 < len(answers)
    assert bodies & answers == set()


def _schemas_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict) and "$ref" in part:
        yield part["$ref"]
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for one in inner:
        yield from _schemas_in(one)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("post", "/api/v1/orders", "402", "order_declined"),
        ("post", "/api/v1/orders", "503", "order_unsettled"),
        ("post", "/api/v1/charges/{charge}/refunds", "409", "transition_refused"),
        ("post", "/api/v1/customers", "409", "customer_exists"),
        ("post", "/api/v1/sandbox/clock", "403", "forbidden"),
        ("post", "/api/v1/sandbox/clock", "409", "clock_busy"),
        ("post", "/api/v1/subscriptions/{number}/retry", "429", "too_many_requests"),
    ],
)
def test_the_errors_of_a_routes_own_are_told_as_they_come(
    operations: list[Operation], method: str, path: str, status: str, code: str
) -> None:
    (operation,) = [one for verb, where, one in operations if (verb, where) == (method, path)]
    answer = operation["responses"][status]

    assert answer["content"][PROBLEM]["example"]["code"] == code
    assert answer["description"] != MEANING[int(status)]


def test_every_body_and_every_answer_has_an_example(operations: list[Operation]) -> None:
    for method, path, one in operations:
        for media_type, body in one.get("requestBody", {}).get("content", {}).items():
            assert body["schema"]["examples"], (method, path, media_type)
        for status, answer in one["responses"].items():
            if JSON in answer.get("content", {}):
                assert "example" in answer["content"][JSON], (method, path, status)


def test_every_example_is_what_its_handler_takes_and_answers_with(operations: list[Operation]) -> None:
    for method, path, one in operations:
        handler = handlers()[method, path]
        for body in one.get("requestBody", {}).get("content", {}).values():
            shape = handler.parsed_data_field.annotation if handler.parsed_data_field else None
            for example in body["schema"]["examples"]:
                assert shape is None or decoded(example, shape) is not None, (method, path)
        answered = handler.parsed_fn_signature.return_type.annotation
        shape = get_args(answered)[0] if get_origin(answered) is Response else answered
        answer = one["responses"][str(handler.status_code)].get("content", {}).get(JSON)
        if answer is not None and shape is not Any:
            assert decoded(answer["example"], shape) is not None, (method, path)


def decoded(example: Any, shape: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(example), type=shape)


def test_every_write_of_the_merchant_takes_an_idempotency_key(operations: list[Operation]) -> None:
    writes = [
        (method, path, one)
        for method, path, one in operations
        if method != "get" and {"api_key": []} in one.get("security", ())
    ]

    assert len(writes) >= 20
    for method, path, one in writes:
        assert "Idempotency-Key" in {parameter["name"] for parameter in one["parameters"]}, (method, path)
        assert {"409", "422"} <= set(one["responses"]), (method, path)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/portal-settings", "/api/v1/marketplace", "/api/v1/customers/{customer}", "/api/v1/products/{product}"],
)
def test_what_two_may_edit_says_how_they_notice(document: dict[str, Any], path: str) -> None:
    item = document["paths"][path]

    assert "If-None-Match" in {parameter["name"] for parameter in item["get"]["parameters"]}
    assert "304" in item["get"]["responses"]
    assert "If-Match" in {parameter["name"] for parameter in item["patch"]["parameters"]}
    assert "412" in item["patch"]["responses"]
    for method in ("get", "patch"):
        assert "ETag" in item[method]["responses"]["200"]["headers"]


def test_no_token_travels_in_a_path_or_a_query(operations: list[Operation]) -> None:
    names = {parameter["name"] for _, _, one in operations for parameter in one.get("parameters", [])}

    assert not names & {"token", "session_token", "email", "key"}


async def test_the_page_asks_nobody_else_and_runs_nothing(api: httpx.AsyncClient, document: dict[str, Any]) -> None:
    page, served = await api.get("/schema"), await api.get("/schema/openapi.json")

    assert served.json() == document
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert not re.search(r'(src|href|action)="(https?:)?//', page.text)
    assert "<script" not in page.text
    assert "default-src &#39;none&#39;" in page.text
    assert "/api/v1/portal/access-links" in page.text
