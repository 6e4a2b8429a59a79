"""`Idempotency-Key` on every write of the merchant's API: one hook before the act, one middleware around it.

The hook runs when the caller is known: it claims the key, or gives the kept answer again. The middleware keeps the
answer before it leaves. A handler that makes something takes `new_id`, so that done twice it makes one thing. An
answer with a secret in it (`_SECRETS`) is not kept: that it was given is.
"""

import re
from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, RouteHandlerType, Scope, Send

from workflows.marketplaces.callers import Caller
from workflows.requests.idempotency import Claim, RepeatableRequest, claim_request, keep_answer, release_claim
from workflows.runtime.errors import InvalidInput
from workflows.runtime.logs import logger

KEY, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_FORM = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location")
_WIRE_NAME = KEY.lower().encode()
_CLAIM = "idempotency_claim"
_NOT_FINAL = "idempotency_not_final"
_SECRETS = frozenset({"key", "secret", "token", "session_token", "recovery_codes"})  # of an answer, by its fields
_LOG = logger("gatehouse.api")


async def claim_key(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """Before a write that has a key: claims it, or answers as before. Raises InvalidInput, KeyReused, KeyBusy,
    ShownOnce."""
    given = request.headers.getall(KEY.lower(), [])
    if request.method in SAFE or not given:
        return None
    if len(given) != 1 or not _FORM.fullmatch(given[0]):
        raise InvalidInput({KEY: "must be one header of 1 to 255 visible ASCII characters."})
    caller: Caller = request.scope["state"]["caller"]
    claimed = await claim_request(
        RepeatableRequest(
            marketplace_id=caller.marketplace_id,
            principal=str(caller.actor),
            method=request.method,
            path=request.scope["path"],
            route=f"{request.method} {request.scope['path_template']}",
            key=given[0],
            content=(
                request.scope["query_string"],
                request.headers.get("content-type", "").encode("latin-1"),
                await request.body(),
            ),
        )
    )
    if isinstance(claimed, Claim):
        request.scope["state"][_CLAIM] = claimed
        return None
    return Response(
        claimed.body,
        status_code=claimed.status,
        headers={**claimed.headers, REPLAYED: "true"},
        media_type=claimed.headers.get("content-type"),
    )


async def provide_new_id(request: Request[Any, Any, Any]) -> UUID | None:
    """The id of what this request makes: the same whenever it is repeated under its key. None without a key."""
    claim: Claim | None = request.scope["state"].get(_CLAIM)
    return None if claim is None else claim.id


def is_not_final(request: Request[Any, Any, Any]) -> None:
    """Says of the answer to come that it will be another: whoever repeats the request is answered anew."""
    request.scope["state"][_NOT_FINAL] = True


class KeepsAnswers:
    """ASGI middleware around the merchant's routes: holds the answer to a claimed request until it is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102 - ASGI's
        if scope["type"] != "http" or scope["method"] in SAFE or _WIRE_NAME not in dict(scope["headers"]):
            await self.app(scope, receive, send)
            return
        # What is kept is the answer itself, for whoever repeats the request, and not one client's compression of it.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self.app(scope, receive, hold)
        if (claim := scope["state"].get(_CLAIM)) is not None:
            final = _NOT_FINAL not in scope["state"]
            await _settle(claim, held, shown_once=shows_a_secret(scope["route_handler"]), final=final)
        for message in held:
            await send(message)


def shows_a_secret(handler: RouteHandlerType) -> bool:
    """Whether a handler's answer has a field whose name says that it is a secret."""
    answer = handler.parsed_fn_signature.return_type.annotation
    return not _SECRETS.isdisjoint(getattr(answer, "__struct_fields__", ()))


async def _settle(claim: Claim, held: list[Message], *, shown_once: bool, final: bool) -> None:
    """Keeps what says that something was done, gives the key back where nothing was, or nobody knows.

    What cannot be kept is answered all the same: it was done, and the claim is resumed with the same id.
    """
    start: HTTPResponseStartEvent = held[0]  # pyright: ignore[reportAssignmentType]  # it is the first, by ASGI
    status = start["status"]
    try:
        if not final:
            await release_claim(claim, nothing_done=False)
        elif status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.PAYMENT_REQUIRED:  # 402: it was tried
            body = b"".join(message["body"] for message in held if message["type"] == "http.response.body")
            await keep_answer(claim, status, _kept_headers(start), None if shown_once else body)
        else:
            await release_claim(claim, nothing_done=status < HTTPStatus.INTERNAL_SERVER_ERROR)
    except Exception:  # noqa: BLE001 - whatever it is, what was done is answered
        _LOG.exception("an answer was not kept", id=str(claim.id))


def _kept_headers(start: HTTPResponseStartEvent) -> dict[str, str]:
    sent = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return {name: sent[name] for name in _KEPT_HEADERS if name in sent}
