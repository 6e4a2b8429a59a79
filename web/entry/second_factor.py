"""At the console's door: the link is spent, and a code of the second factor is asked for before anybody is in."""

from typing import Any

from litestar import Controller, Response, post, route

from web.connection import WebRequest
from web.cookies import CHALLENGE, challenge_of, gone
from web.entry.access import enter
from web.entry.unusable import to_login
from web.forms import read_form
from web.rendering import page
from web.visit import EitherDoor
from workflows.access.request_limits import check_redemption
from workflows.access.staff_sign_in import answer_challenge, challenged_email
from workflows.customers.addresses import mask_email
from workflows.runtime.errors import InvalidInput, LinkUnusable

_PAGE = "console/second_factor_asked.html"


class SecondFactorDoor(Controller):
    """The question and its answer."""

    @route("/second-factor", http_method=["GET", "HEAD"])
    async def ask(self, request: WebRequest, door: EitherDoor) -> Response[Any]:
        """Says who is asked. Without a link just spent in this browser: to the login page."""
        try:
            email = await challenged_email(door.marketplace.id, challenge_of(request))
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        return page(_PAGE, door, masked_email=mask_email(email), error=None)

    @post("/second-factor", status_code=303)
    async def answer(self, request: WebRequest, door: EitherDoor) -> Response[Any]:
        """Starts the session. 422 beside the field for a wrong code, 429 after a few."""
        form = await read_form(request)
        await check_redemption(request.app.state.limiter, request.app.state.client_address(request))
        challenge, user_agent = challenge_of(request), request.headers.get("user-agent", "")
        email = ""
        try:
            email = await challenged_email(door.marketplace.id, challenge)
            redeemed = await answer_challenge(
                door.marketplace.id, challenge, form.get("code", ""), user_agent, request.app.state.limiter
            )
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        except InvalidInput as refused:
            return page(_PAGE, door, status=422, masked_email=mask_email(email), error=refused.fields["code"])
        entered = enter(request, door, redeemed)
        entered.cookies.append(gone(CHALLENGE, door.home))
        return entered
