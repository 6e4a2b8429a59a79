"""The OpenAPI document and the page to read it: whole, and from this host alone."""

import re
from typing import Any

import httpx

from api.app import app


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, item in document["paths"].items() for method, one in item.items()]


async def test_the_document_names_every_route_of_the_api_with_its_errors(api: httpx.AsyncClient) -> None:
    document = (await api.get("/schema/openapi.json")).json()
    documented = {(method.upper(), path) for method, path, _ in operations(document)}

    served = {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in app.routes
        if route.path.startswith(("/api/", "/webhooks/"))
        for handler in getattr(route, "route_handlers", ())
        if handler.resolve_include_in_schema()
        for method in handler.http_methods
        if method != "OPTIONS"
    }

    assert documented == served
    for method, path, one in operations(document):
        assert one["description"], (method, path)
        if "requestBody" in one:
            assert {"400", "413", "415", "422"} <= set(one["responses"]), (method, path)
            assert next(iter(one["requestBody"]["content"].values()))["schema"]["examples"], (method, path)
        if "security" in one:
            assert "401" in one["responses"], (method, path)


async def test_no_token_travels_in_a_path_or_a_query(api: httpx.AsyncClient) -> None:
    document = (await api.get("/schema/openapi.json")).json()

    names = {parameter["name"] for _, _, one in operations(document) for parameter in one.get("parameters", [])}

    assert not names & {"token", "session_token", "email", "key"}


async def test_the_page_asks_nobody_else_and_runs_nothing(api: httpx.AsyncClient) -> None:
    page = await api.get("/schema")

    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert not re.search(r'(src|href|action)="(https?:)?//', page.text)
    assert "<script" not in page.text
    assert "default-src &#39;none&#39;" in page.text
    assert "/api/v1/portal/access-links" in page.text
