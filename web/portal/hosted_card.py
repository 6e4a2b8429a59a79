"""Replacing a card in the gateway's own form: one button that opens it, and the way back (PRODUCT.md 2.4 to 2.6).

No card field ever stands here. Coming back proves nothing: the page shows what our books say, and looks again by
itself, for a minute, until the gateway has told us. The link stays with us: a signed cookie knows it on the way back.
"""

from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.access.unusable_link import to_login
from web.pages.refreshing import look_again
from web.pages.rendering import leave_for, page, see_other
from web.requests.connection import WebRequest
from web.requests.cookies import card_cookie, card_link_token
from web.requests.forms import read_form
from web.requests.visit import SiteContext, in_language_of
from workflows.billing.cards.card_links import look_at_card_link
from workflows.billing.cards.hosted_form import card_saved_by_form, form_urls, open_card_form
from workflows.languages.sentences import sentence
from workflows.runtime.errors import GatewayUnavailable, LinkUnusable


class HostedCardPages(Controller):
    """The gateway's form, opened; and what is shown after it."""

    @post("/card/{token:str}/form", status_code=200)
    async def open_form(
        self, request: WebRequest, door: NamedDependency[SiteContext], token: FromPath[str]
    ) -> Response[Any]:
        """Opens the gateway's form and goes there. Whatever fails leaves the link as it was."""
        await read_form(request)
        if not is_hosted(request, door):
            return see_other(f"{door.home}/card/{quote(token)}")
        state = request.app.state
        return_url, cancel_url = form_urls(door.marketplace)
        try:
            url = await open_card_form(
                door.marketplace,
                token,
                state.gateway_for(door.marketplace.gateway),
                state.client_address(request),
                state.limiter,
                return_url=return_url,
                cancel_url=cancel_url,
            )
            return leave_for(url, door, door.show.say("the payment provider"), [card_cookie(door.home, token)])
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        except GatewayUnavailable:
            problem = sentence("The payment service did not answer. Try again in a minute.")
            return await offer_form(request, door, token, problem=problem)

    @route("/card/{token:str}/form", http_method=["GET", "HEAD"])
    async def after_form(self, door: NamedDependency[SiteContext], token: FromPath[str]) -> Response[Any]:
        """Somebody came back to the form's address: to the page that the form stands on."""
        return see_other(f"{door.home}/card/{quote(token)}")

    @route("/card-form", http_method=["GET", "HEAD"])
    async def left(self, request: WebRequest, door: NamedDependency[SiteContext]) -> Response[Any]:
        """The gateway's form was left: back to the link's page."""
        token = card_link_token(request, door.home)
        return see_other(door.home if token is None else f"{door.home}/card/{token}")

    @route("/card-saved", http_method=["GET", "HEAD"])
    async def back(self, request: WebRequest, door: NamedDependency[SiteContext]) -> Response[Any]:
        """The gateway's form was filled in, or somebody says so."""
        token = card_link_token(request, door.home)
        if token is None:
            return page("portal/card_waiting.html", door, known=False)
        try:
            saved = await card_saved_by_form(door.marketplace.id, token)
        except LinkUnusable as unusable:
            return to_login(door, unusable)
        if saved is None:
            again = look_again(request)
            return page("portal/card_waiting.html", door, headers=again, known=True, looking=bool(again))
        return page(
            "portal/card_updated.html",
            door,
            card=door.show.card(saved.card),
            product=saved.product,
            charging_now=saved.charging_now,
        )


def is_hosted(request: WebRequest, door: SiteContext) -> bool:
    """Whether this marketplace's cards are typed at its gateway."""
    return request.app.state.gateway_for(door.marketplace.gateway).hosted_form


async def offer_form(request: WebRequest, door: SiteContext, token: str, *, problem: str = "") -> Response[str]:
    """The page of a card-update link with the button that opens the form. Raises LinkUnusable."""
    link = await look_at_card_link(door.marketplace.id, token)
    return page(
        "portal/card_hosted.html",
        in_language_of(request, door, link.locale),
        status=503 if problem else 200,
        headers={"Retry-After": "60"} if problem else None,
        link=link,
        token=token,
        problem=problem,
    )
