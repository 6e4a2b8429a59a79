"""The one-time link: opening it shows whom it signs in, Continue spends it (PRODUCT.md 1.6, 1.7)."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.params import FromPath

from web.connection import WebRequest
from web.cookies import (
    NOTICE,
    RETURN,
    browser_nonce,
    challenge_cookie,
    gone,
    is_inside,
    return_path,
    session_cookie,
)
from web.entry.unusable import to_login
from web.forms import read_form
from web.rendering import page, see_other
from web.visit import Door, EitherDoor, spoken_to
from workflows.access.link_redemption import Redeemed, look_at_link, redeem_link
from workflows.access.request_limits import check_redemption
from workflows.access.staff_sign_in import Challenge, redeem_staff_link
from workflows.access_tokens.sites import PORTAL
from workflows.runtime.errors import LinkUnusable


class AccessPages(Controller):
    """An access link, opened and redeemed."""

    @route("/access/{token:str}", http_method=["GET", "HEAD"])
    async def look(self, request: WebRequest, door: EitherDoor, token: FromPath[str]) -> Response[Any]:
        """Changes nothing, however often and by whomever it is opened."""
        try:
            link = await look_at_link(door.marketplace.id, token, browser_nonce(request), door.entrance)
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        return page(door.template("access"), spoken_to(request, door, link.locale), link=link, token=token)

    @post("/access/{token:str}", status_code=303)
    async def redeem(self, request: WebRequest, door: EitherDoor, token: FromPath[str]) -> Response[Any]:
        """Starts a session, of any number of callers for exactly one.

        It leads to the page that the link was asked for at, else to where this browser was turned away.
        """
        await read_form(request)
        await check_redemption(request.app.state.limiter, request.app.state.client_address(request))
        try:
            user_agent = request.headers.get("user-agent", "")
            if door.entrance is PORTAL:
                return enter(request, door, await redeem_link(door.marketplace.id, token, user_agent))
            redeemed = await redeem_staff_link(door.marketplace.id, token, user_agent)
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        if isinstance(redeemed, Challenge):
            return see_other(f"{door.home}/second-factor", [challenge_cookie(door.home, redeemed.challenge)])
        return enter(request, door, redeemed)


def enter(request: WebRequest, door: Door, redeemed: Redeemed) -> Response[None]:
    """Gives the browser its session and leads it to where it wanted to go; else home, which leads on."""
    wanted = redeemed.return_to if redeemed.return_to and is_inside(door.home, redeemed.return_to) else None
    return see_other(
        wanted or return_path(request, door.home) or door.landing,
        [
            session_cookie(door.home, redeemed.session_token, redeemed.expires_at),
            gone(RETURN, door.home),
            gone(NOTICE, door.home),
        ],
    )
