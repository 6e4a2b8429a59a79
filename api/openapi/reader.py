"""The OpenAPI document at /schema/openapi.json, and at /schema a page to read it: one template, no script, nothing
loaded from anywhere else (docs/decisions/0006)."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader
from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from api.openapi.document import whole_document

_HERE = Path(__file__).parent
_STYLE = (_HERE / "reader.css").read_text()
_POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"
_METHODS = ("get", "post", "put", "patch", "delete")
_PAGES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
_INTRODUCTION = (
    "Money is in minor units of an ISO 4217 currency, instants are UTC (RFC 3339). Errors are problem details"
    " (RFC 9457). A merchant sends its API key or the session token"
    " of one of its staff, a customer their session token, as `Authorization: Bearer …`."
)


class Reader(OpenAPIRenderPlugin):
    """Renders the document as one page, grouped by tag."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        openapi_schema = whole_document(request.app)
        style = b64encode(sha256(_STYLE.encode()).digest()).decode()
        page = _PAGES.get_template("reader.html").render(
            document=openapi_schema,
            groups=_groups(openapi_schema),
            style=_STYLE,
            policy=f"{_POLICY}; style-src 'sha256-{style}'",
            shape=lambda schema: _shape(schema, openapi_schema["components"]["schemas"]),
            as_json=lambda value: msgspec.json.format(msgspec.json.encode(value), indent=2).decode(),
        )
        return page.encode()


class WholeDocument(JsonRenderPlugin):
    """Renders the whole document as JSON."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - Litestar's signature
        """The document."""
        return msgspec.json.encode(whole_document(request.app))


def openapi() -> OpenAPIConfig:
    """The document's head, the ways to sign in, and where it is served."""
    return OpenAPIConfig(
        title="Gatehouse API",
        version="1",
        description=_INTRODUCTION,
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[Reader(path="/"), WholeDocument(path="/openapi.json")],
        components=Components(
            security_schemes={
                "api_key": SecurityScheme(type="http", scheme="bearer", description="A merchant's API key."),
                "staff_session": SecurityScheme(type="http", scheme="bearer", description="A staff session's token."),
                "session": SecurityScheme(type="http", scheme="bearer", description="A customer's session token."),
            }
        ),
    )


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = {**item[method], "path": path, "method": method.upper()}
                groups.setdefault(operation.get("tags", ["Other"])[0], []).append(operation)
    return groups


def _shape(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A schema in one line, e.g. `list of Payment`; objects by their name, whose fields the page lists once.

    >>> _shape({"type": "array", "items": {"type": "string"}}, {})
    'list of string'
    """
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[-1]
    if "allOf" in schema:
        return _shape(schema["allOf"][0], schemas)
    if "oneOf" in schema:
        return " or ".join(_shape(one, schemas) for one in schema["oneOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_shape(schema.get('items', {}), schemas)}"
    return str(schema.get("format") or schema.get("type") or "anything")
