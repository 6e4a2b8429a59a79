"""Getting in by API: ask for a link, look at one, redeem it for a session; see and end sessions.

The same for customers under /api/v1/portal and for staff under /api/v1/console: which of them, the router says.
"""

import secrets
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from api.accepted import Accepted
from api.openapi.responses import BAD_BODY, example, problems
from api.portal.others import all_but, not_allowed
from api.requests.client_address import client_address
from api.requests.credentials import needs_session, needs_staff
from api.requests.strict_json import StrictJSON
from workflows.access.link_redemption import Redeemed, look_at_link, redeem_link
from workflows.access.link_requests import ask_again, ask_for_link
from workflows.access.request_limits import check_link_request, check_redemption
from workflows.access.sessions import end_session, list_sessions, sign_out
from workflows.access.views import LinkShown, LiveSession, SignedIn
from workflows.access_tokens.sites import Site
from workflows.marketplaces.marketplace import find_marketplace
from workflows.marketplaces.short_numbers import uuid_of
from workflows.marketplaces.staff import SignedInStaff
from workflows.runtime.errors import LinkUnusable, NotFound

_ASKED = {"marketplace": "demo", "email": "jane@example.com"}
_HELD = {"marketplace": "demo", "token": "the last part of the link's address"}


class LinkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks for a link: the marketplace's slug and the e-mail used for the subscription order."""

    marketplace: str
    email: str


class HeldLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A one-time link that somebody holds. It travels in the body, so that it is in no log."""

    marketplace: str
    token: str


class SessionStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A session: send `session_token` as `Authorization: Bearer …`. It is shown here once."""

    session_token: str
    expires_at: datetime
    return_to: str | None


_ANSWER = Accepted(detail="If this address may sign in here, a one-time access link is on its way to it.")

# Litestar's own check takes no union of structs.
OfEntrance = NamedDependency[SkipValidation[Site]]
EitherPerson = NamedDependency[SkipValidation[SignedIn | SignedInStaff]]


class AccessLinks(Controller):
    """Links, by whoever is not signed in yet. All answers are the same whether or not the address is known."""

    path = "/access-links"

    @post(dto=StrictJSON[LinkRequest], return_dto=None, status_code=202, responses=problems(*BAD_BODY, 404, 429))
    async def ask(
        self, request: Request[Any, Any, Any], entrance: OfEntrance, data: Annotated[LinkRequest, example(_ASKED)]
    ) -> Accepted:
        """Send an access link to an address, if it is one of those who may sign in here."""
        await check_link_request(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        await ask_for_link(marketplace.id, data.email, secrets.token_urlsafe(16), None, entrance)
        return _ANSWER

    @post(
        "/look",
        dto=StrictJSON[HeldLink],
        return_dto=None,
        status_code=200,
        opt={"looks": True},
        responses=problems(*BAD_BODY, 404, 410),
    )
    async def look(self, entrance: OfEntrance, data: Annotated[HeldLink, example(_HELD)]) -> LinkShown:
        """Look at a link without spending it: whom it signs in (masked), until when."""
        marketplace = await find_marketplace(data.marketplace)
        return await look_at_link(marketplace.id, data.token, None, entrance)

    @post(
        "/renew",
        dto=StrictJSON[HeldLink],
        return_dto=None,
        status_code=202,
        responses=problems(*BAD_BODY, 404, 410, 429),
    )
    async def renew(
        self, request: Request[Any, Any, Any], entrance: OfEntrance, data: Annotated[HeldLink, example(_HELD)]
    ) -> Accepted:
        """Send a new link in place of one that was real within the last 30 days, to the address on file only."""
        await check_link_request(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        try:
            token_id = (await look_at_link(marketplace.id, data.token, None, entrance)).token_id
        except LinkUnusable as unusable:
            if unusable.access_token_id is None:
                raise
            token_id = unusable.access_token_id
        await ask_again(marketplace.id, token_id, secrets.token_urlsafe(16), entrance)
        return _ANSWER


class StartSession(Controller):
    """From link to session."""

    path = "/sessions"
    tags = ("Portal: getting in",)

    @post(dto=StrictJSON[HeldLink], return_dto=None, status_code=201, responses=problems(*BAD_BODY, 404, 410, 429))
    async def start(self, request: Request[Any, Any, Any], data: Annotated[HeldLink, example(_HELD)]) -> SessionStarted:
        """Spend a link: a session of 30 minutes."""
        await check_redemption(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        begun: Redeemed = await redeem_link(marketplace.id, data.token, request.headers.get("user-agent", ""))
        return SessionStarted(session_token=begun.session_token, expires_at=begun.expires_at, return_to=begun.return_to)


class Sessions(Controller):
    """The signed-in person's own sessions."""

    path = "/sessions"

    @get(responses=problems(401))
    async def live(self, signed_in: EitherPerson) -> list[LiveSession]:
        """One's own live sessions, newest first."""
        return await list_sessions(signed_in)

    @delete("/current", opt={"leaves": True}, responses=problems(401))
    async def end_current(self, signed_in: EitherPerson) -> None:
        """Sign out: the session ends at once."""
        await sign_out(signed_in)

    @delete("/{session_id:str}", responses=problems(401, 404, 429))
    async def end(self, signed_in: EitherPerson, session_id: FromPath[str]) -> None:
        """End one of one's own sessions."""
        await end_session(signed_in, uuid_of(session_id))

    @route("/{session_id:str}", http_method=all_but("DELETE"), status_code=405, include_in_schema=False)
    async def odd_method(self, signed_in: EitherPerson, session_id: FromPath[str]) -> None:
        """404 for what is not one's own, else 405."""
        if uuid_of(session_id) not in {live.id for live in await list_sessions(signed_in)}:
            raise NotFound("no such session")
        raise not_allowed("DELETE")


class CustomerSessions(Sessions):
    """The customer's."""

    guards = (needs_session,)


class StaffSessions(Sessions):
    """A member's of the staff."""

    guards = (needs_staff,)
