"""A guard that refuses bodies of another kind than JSON, before they are read."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler


class UnsupportedMediaType(HTTPException):
    """Raised when a body comes in a form that the route does not read."""

    status_code = 415


def json_only(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Lets JSON bodies and requests without a body pass; a handler with `opt={"reads": …}` checks for itself."""
    has_body = connection.headers.get("content-length", "0") != "0" or "transfer-encoding" in connection.headers
    if not has_body or "reads" in handler.opt:
        return
    media_type = connection.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.", headers={"Accept": "application/json"})
