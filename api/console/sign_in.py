"""From a link to a session in the console, with a code of the second factor where one is asked for."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, post

from api.client_address import client_address
from api.documented import BAD_BODY, example, problems
from api.portal.access import LinkHeld
from api.strict_json import StrictJSON
from workflows.access.request_limits import check_redemption
from workflows.access.staff_sign_in import Challenge, answer_challenge, redeem_staff_link
from workflows.marketplaces.marketplace import find_marketplace

_HELD = {"marketplace": "demo", "token": "the last part of the link's address"}
_CODE = {"marketplace": "demo", "challenge": "what the first answer gave", "code": "123456"}


class CodeGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a challenge: the newest code of the authenticator app, or a recovery code."""

    marketplace: str
    challenge: str
    code: str


class StaffSessionStarted(msgspec.Struct, frozen=True, kw_only=True):
    """A session of 8 hours: send `session_token` as `Authorization: Bearer …`; it is shown here once. Or `challenge`:
    the link is spent, and a code of the second factor is asked for, within ten minutes."""

    session_token: str | None = None
    expires_at: datetime | None = None
    challenge: str | None = None


class StartStaffSession(Controller):
    """From link to session."""

    path = "/sessions"

    @post(dto=StrictJSON[LinkHeld], return_dto=None, status_code=201, responses=problems(*BAD_BODY, 404, 410, 429))
    async def start(
        self, request: Request[Any, Any, Any], data: Annotated[LinkHeld, example(_HELD)]
    ) -> StaffSessionStarted:
        """Spend a link: a session, or a challenge for who has a second factor."""
        await check_redemption(request.app.state.limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        begun = await redeem_staff_link(marketplace.id, data.token, request.headers.get("user-agent", ""))
        if isinstance(begun, Challenge):
            return StaffSessionStarted(challenge=begun.challenge)
        return StaffSessionStarted(session_token=begun.session_token, expires_at=begun.expires_at)

    @post(
        "/second-factor",
        dto=StrictJSON[CodeGiven],
        return_dto=None,
        status_code=201,
        responses=problems(*BAD_BODY, 404, 410, 429),
    )
    async def answer(
        self, request: Request[Any, Any, Any], data: Annotated[CodeGiven, example(_CODE)]
    ) -> StaffSessionStarted:
        """Answer a challenge. 422 for a wrong code, 429 after five in a quarter of an hour."""
        limiter = request.app.state.limiter
        await check_redemption(limiter, client_address(request))
        marketplace = await find_marketplace(data.marketplace)
        user_agent = request.headers.get("user-agent", "")
        begun = await answer_challenge(marketplace.id, data.challenge, data.code, user_agent, limiter)
        return StaffSessionStarted(session_token=begun.session_token, expires_at=begun.expires_at)
