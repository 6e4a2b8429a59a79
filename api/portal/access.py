"""Getting in by API: ask for a link, look at one, redeem it for a session; see and end sessions."""

import secrets
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post, route
from litestar.params import FromPath

from api.client_address import client_address
from api.credentials import needs_session
from api.documented import BAD_BODY, example, problems
from api.paths import uuid_of
from api.portal.others import all_but, not_allowed
from api.provided import SignedInCustomer
from api.strict_json import StrictJSON
from workflows.client_limits import check_link_request, check_redemption
from workflows.errors import LinkUnusable, NotFound
from workflows.link_requests import ask_again, ask_for_link
from workflows.marketplaces import find_marketplace
from workflows.portal_views import LinkShown, LiveSession
from workflows.sessions import end_session, list_sessions, sign_out
from workflows.sign_in import Redeemed, look_at_link, redeem_link

_ASKED = {"marketplace": "demo", "email": "jane@example.com"}
_HELD = {"marketplace": "demo", "token": "the last part of the link's address"}


class LinkAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks for a link: the marketplace's slug and the e-mail used for the subscription order."""

    marketplace: str
    email: str


class LinkHeld(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A one-time link that somebody holds. It travels in the body, so that it is in no log."""

    marketplace: str
    token: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The same words whoever asked."""

    detail: str


class SessionStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A session: send `session_token` as `Authorization: Bearer …`. It is shown here once."""

    session_token: str
    expires_at: datetime
    return_to: str | None


_ANSWER = Accepted(detail="If this address belongs to a customer, a one-time access link is on its way to it.")


class AccessLinks(Controller):
    """Links, by whoever is not signed in yet. All answers are the same whether or not the address is known."""

    path = "/access-links"
    tags = ("Portal: getting in",)

    @post(dto=StrictJSON[LinkAsked], return_dto=None, status_code=202, responses=problems(*BAD_BODY, 404, 429))
    async def ask(self, request: Request[Any, Any, Any], data: Annotated[LinkAsked, example(_ASKED)]) -> Accepted:
        """Send an access link to a customer's address."""
        await check_link_request(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        await ask_for_link(marketplace.id, data.email, secrets.token_urlsafe(16), None)
        return _ANSWER

    @post("/look", dto=StrictJSON[LinkHeld], return_dto=None, status_code=200, responses=problems(*BAD_BODY, 404, 410))
    async def look(self, data: Annotated[LinkHeld, example(_HELD)]) -> LinkShown:
        """Look at a link without spending it: whom it signs in (masked), until when."""
        marketplace = await find_marketplace(data.marketplace)
        return await look_at_link(marketplace.id, data.token, None)

    @post(
        "/renew",
        dto=StrictJSON[LinkHeld],
        return_dto=None,
        status_code=202,
        responses=problems(*BAD_BODY, 404, 410, 429),
    )
    async def renew(self, request: Request[Any, Any, Any], data: Annotated[LinkHeld, example(_HELD)]) -> Accepted:
        """Send a new link in place of one that was real within the last 30 days, to the address on file only."""
        await check_link_request(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        try:
            token_id = (await look_at_link(marketplace.id, data.token, None)).token_id
        except LinkUnusable as unusable:
            if unusable.access_token_id is None:
                raise
            token_id = unusable.access_token_id
        await ask_again(marketplace.id, token_id, secrets.token_urlsafe(16))
        return _ANSWER


class StartSession(Controller):
    """From link to session."""

    path = "/sessions"
    tags = ("Portal: getting in",)

    @post(dto=StrictJSON[LinkHeld], return_dto=None, status_code=201, responses=problems(*BAD_BODY, 404, 410, 429))
    async def start(self, request: Request[Any, Any, Any], data: Annotated[LinkHeld, example(_HELD)]) -> SessionStarted:
        """Spend a link: a session of 30 minutes."""
        await check_redemption(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        begun: Redeemed = await redeem_link(marketplace.id, data.token, request.headers.get("user-agent", ""))
        return SessionStarted(session_token=begun.session_token, expires_at=begun.expires_at, return_to=begun.return_to)


class Sessions(Controller):
    """The signed-in customer's own sessions."""

    path = "/sessions"
    tags = ("Portal: getting in",)
    guards = (needs_session,)

    @get(responses=problems(401))
    async def live(self, signed_in: SignedInCustomer) -> list[LiveSession]:
        """The customer's live sessions, newest first."""
        return await list_sessions(signed_in)

    @delete("/current", responses=problems(401))
    async def end_current(self, signed_in: SignedInCustomer) -> None:
        """Sign out: the session ends at once."""
        await sign_out(signed_in)

    @delete("/{session_id:str}", responses=problems(401, 404))
    async def end(self, signed_in: SignedInCustomer, session_id: FromPath[str]) -> None:
        """End one of one's own sessions."""
        await end_session(signed_in, uuid_of(session_id))

    @route("/{session_id:str}", http_method=all_but("DELETE"), status_code=405, include_in_schema=False)
    async def odd_method(self, signed_in: SignedInCustomer, session_id: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        if uuid_of(session_id) not in {live.id for live in await list_sessions(signed_in)}:
            raise NotFound("no such session")
        raise not_allowed("DELETE")
