"""The OpenAPI document as it is served: what each route says of itself, and what holds for all of them.

Idempotency keys and their answers on every write of the merchant's, ETags where a handler is marked with them, problem
details for every error, an example for every answer and parameter.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import UNSET

from api.openapi.examples import example_of, named
from api.openapi.responses import MEANING, PROBLEM_EXAMPLES
from api.requests.etags import IF_MATCH, IF_NONE_MATCH
from api.requests.idempotency import KEY, REPLAYED
from api.requests.problems import MEDIA_TYPE

Operation = dict[str, Any]
_WRITES = frozenset({"post", "put", "patch", "delete"})
_SENTENCE = re.compile(r"(?<=[\w)`])[.;:]\s")
_ETAG = {"schema": {"type": "string"}, "description": "The version of what is shown."}
_KEYED = (
    "1 to 255 visible ASCII characters of your own. Sent again under it within 24 hours, the same request happens once"
    " and is answered as the first time."
)
_REPLAYED = {
    "schema": {"type": "string"},
    "description": "`true` where the answer is that of an earlier request under the same key.",
}


@cache
def whole_document(app: Litestar) -> dict[str, Any]:
    """The document of an application; made once."""
    document = app.openapi_schema.to_schema()
    marks = dict(_marks(app))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _complete(operation, method, marks.get((method, path), {}), document["components"]["schemas"])
    return document


def _marks(app: Litestar) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    yield (method.lower(), route.path_format), handler.opt


def _complete(operation: Operation, method: str, marks: dict[str, Any], schemas: dict[str, Any]) -> None:
    operation["summary"] = _first_sentence(operation["description"])
    answers = operation["responses"]
    if MEDIA_TYPE not in answers.get("400", {}).get("content", {MEDIA_TYPE: None}):
        del answers["400"]  # Litestar's own, for a parameter that breaks its rule: ours answer 422
    if method in _WRITES and {"api_key": []} in operation.get("security", ()):
        _say_keyed(operation)
    if marks.get("etag"):
        _say_tagged(operation, method)
    operation["responses"] = dict(sorted(answers.items()))
    for parameter in operation.get("parameters", ()):
        known = named(parameter["schema"], schemas, parameter["name"], "parameter")
        if known is not UNSET and known is not None:
            parameter["example"] = known
    for status, answer in answers.items():
        for media_type, body in (answer.get("content") or {}).items():
            if media_type == MEDIA_TYPE:
                own = next(iter(body.pop("examples", {}).values()), {"value": PROBLEM_EXAMPLES[int(status)]})
                body["example"] = own["value"]
            elif media_type == "application/json":
                body["example"] = example_of(body["schema"], schemas)


def _first_sentence(text: str) -> str:
    ends = (found.start() for found in _SENTENCE.finditer(text))
    end = next((end for end in ends if text.count("(", 0, end) == text.count(")", 0, end)), len(text))
    return text[:end].removesuffix(".")


def _say_keyed(operation: Operation) -> None:
    _add_header(operation, KEY, _KEYED)
    for status in (409, 422):
        _add_problem(operation, status)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            answer.setdefault("headers", {})[REPLAYED] = _REPLAYED


def _say_tagged(operation: Operation, method: str) -> None:
    answers = operation["responses"]
    answers["200"].setdefault("headers", {})["ETag"] = _ETAG
    if method == "get":
        _add_header(operation, IF_NONE_MATCH, "The ETag of what you have: 304 while it is the present one.")
        answers["304"] = {"description": MEANING[304], "headers": {"ETag": _ETAG}}
    else:
        _add_header(operation, IF_MATCH, "The ETag of what you saw: 412 when it was changed since; nothing is changed.")
        _add_problem(operation, 412)
        _add_problem(operation, 422)


def _add_header(operation: Operation, name: str, says: str) -> None:
    parameter = {"name": name, "in": "header", "required": False, "description": says, "schema": {"type": "string"}}
    operation.setdefault("parameters", []).append(parameter)


def _add_problem(operation: Operation, status: int) -> None:
    shape = {"$ref": "#/components/schemas/Problem"}
    answer = {"description": MEANING[status], "content": {MEDIA_TYPE: {"schema": shape}}}
    operation["responses"].setdefault(str(status), answer)
