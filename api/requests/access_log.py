"""Writes a request into the access log before its answer leaves: what was done, what was refused, readings of the log.

Not written down: looking at pages, and what only mistypes. A row that cannot be written is told to the process's log;
the answer goes out all the same, for what it tells of has happened.
"""

from dataclasses import replace

from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.requests.client_address import client_address
from workflows.access.access_log import Access, AccessUnwritten, client_digest, write_access
from workflows.access.sampling import Refusals
from workflows.requests.attempt import Attempt, Outcome, attempt
from workflows.runtime.clock import now
from workflows.runtime.logs import logger
from workflows.runtime.request import request_id

_LOG = logger("gatehouse.access")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_READS = frozenset({"GET", "HEAD"})
_READING = "audit.read"  # whatever stands under this act is a reading of the log, whether or not it says what of it
_CREDENTIALS = frozenset({b"authorization", b"cookie"})


class AccessLog:
    """ASGI middleware, inside RequestLog, whose request id it writes down."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        one = Attempt()
        given = attempt.set(one)

        async def send_once_written(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, one, message["status"])
            await send(message)

        try:
            await self.app(scope, receive, send_once_written)
        finally:
            attempt.reset(given)

    async def _note(self, scope: Scope, one: Attempt, status: int) -> None:
        outcome = _outcome(scope, one, status)
        access = None if outcome is None else self._thinned(_access(scope, one, outcome, status))
        if access is None:
            return
        try:
            await write_access(access)
        except AccessUnwritten as error:
            _LOG.warning("access not written", route=access.route, outcome=access.outcome, because=str(error))

    def _thinned(self, access: Access) -> Access | None:
        """Refusals only: what is done stays whole, so that every move has its request."""
        if access.outcome != "refused":
            return access
        about = (access.marketplace_id, access.route, access.reason)
        taken = self.refusals.take(access.client, about, now())
        return replace(access, client=taken[0], attempts=taken[1]) if taken else None


def _outcome(scope: Scope, one: Attempt, status: int) -> Outcome | None:
    if one.outcome == "refused":
        # Whoever brings no key or session is not refused, but asked for one.
        came_with = {name for name, _ in scope["headers"]} & _CREDENTIALS
        return "refused" if came_with or one.reason != "not_signed_in" else None
    if status >= 400 or one.marketplace_id is None:
        return None
    if one.outcome is not None or not _only_looks(scope):
        return one.outcome or "done"
    return "read" if scope.get("method") in _READS and _act(scope) == _READING else None


def _only_looks(scope: Scope) -> bool:
    """By its method, or as its handler says: what looks by a secret takes it in a body, not in an address."""
    handler = scope.get("route_handler")
    return scope.get("method") in _SAFE or bool(handler and handler.opt.get("looks"))


def _access(scope: Scope, one: Attempt, outcome: Outcome, status: int) -> Access:
    return Access(
        marketplace_id=one.marketplace_id,
        outcome=outcome,
        act=_act(scope),
        route=f"{scope.get('method')} {scope.get('path_template') or 'no route'}",
        reason=one.reason,
        status=status,
        actor=one.actor,
        session_id=one.session_id,
        request_id=request_id.get() or "",
        client=client_digest(client_address(ASGIConnection(scope))),
        entity_id=one.entity_id,
        details=one.details if outcome == "read" else {},
    )


def _act(scope: Scope) -> str:
    handler = scope.get("route_handler")
    return str(handler.opt.get("act") or "") if handler else ""
