"""Around every request: its id, its line in the log, its place in the metrics, and headers that every answer carries.

The line names the route, never the path or the query: both may hold a token.
"""

import re
import time
from uuid import uuid4

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.operations.metrics import observe
from workflows.runtime.logs import logger
from workflows.runtime.request import request_id
from workflows.runtime.settings import settings

_LOG = logger("gatehouse.request")
_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TWO_YEARS = "max-age=63072000"  # not for subdomains: other things than Gatehouse may live there
_QUIET = ("/health/live", "/health/ready", "/metrics")  # asked every few seconds, worth no line
_NO_STORE = ("/api/",)  # answers there are one person's


class RequestLog:
    """ASGI middleware outside everything else, so that answers to unknown paths and errors have it too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = request_id.set(_id_of(scope))
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(MutableScopeHeaders.from_message(message), scope["path"])
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            _note(scope, scope["method"], status, time.perf_counter() - started)
            request_id.reset(given)


def _id_of(scope: Scope) -> str:
    """The id that came with the request, when it is one that may stand in logs for ever; else a new one."""
    came = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return came.decode() if _SANE_ID.fullmatch(came) else uuid4().hex


def _add_headers(headers: MutableScopeHeaders, path: str) -> None:
    headers["X-Request-ID"] = request_id.get() or ""
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    if path.startswith(_NO_STORE):
        headers.setdefault("Cache-Control", "no-store")
    if "json" in headers.get("Content-Type", ""):
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if settings().secure_cookies:
        headers.setdefault("Strict-Transport-Security", _TWO_YEARS)


def _note(scope: Scope, method: str, status: int, seconds: float) -> None:
    route = str(scope.get("path_template") or "no route")
    observe(route, method, status, seconds)
    if route not in _QUIET:
        _LOG.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))
