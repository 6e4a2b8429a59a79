"""Replacing a card by API, with the link from the e-mail: no session, the link is the right to do it.

The sandbox takes its published test numbers only. With a gateway that has a form of its own, cards go there.
"""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, post

from api.openapi.responses import BAD_BODY, example, problems
from api.portal.access import HeldLink
from api.requests.client_address import client_address
from api.requests.strict_json import StrictJSON
from workflows.billing.cards.card_links import look_at_card_link
from workflows.billing.cards.hosted_form import check_return_url, form_urls, open_card_form
from workflows.billing.cards.replace_card import replace_card
from workflows.billing.cards.views import CardLinkShown, CardReplaced
from workflows.billing.gateway import CardDetails
from workflows.marketplaces.marketplace import find_marketplace
from workflows.runtime.errors import InvalidInput

_TOKEN = "the last part of the link's address"  # noqa: S105 - words, no token
_HELD = {"marketplace": "demo", "token": _TOKEN}
_CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}


class CardTyped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test card. Lives as long as the request."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str = ""


class CardUpdate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card-update link and the card to keep from now on."""

    marketplace: str
    token: str
    card: CardTyped


class CardFormRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card-update link whose holder is to be sent to the gateway's form. `return_url`: within PUBLIC_URL."""

    marketplace: str
    token: str
    return_url: str | None = None


class CardForm(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway's own page. Send the customer there; coming back proves nothing, look at the subscription."""

    url: str


class CardUpdates(Controller):
    """Card-update links."""

    path = "/card-updates"
    tags = ("Portal: cards",)

    @post(
        "/look",
        dto=StrictJSON[HeldLink],
        return_dto=None,
        status_code=200,
        opt={"looks": True},
        responses=problems(*BAD_BODY, 404, 410),
    )
    async def look(self, data: Annotated[HeldLink, example(_HELD)]) -> CardLinkShown:
        """Look at a card-update link: which subscription it is for, and what is owed. Any number of times."""
        marketplace = await find_marketplace(data.marketplace)
        return await look_at_card_link(marketplace.id, data.token)

    @post(
        dto=StrictJSON[CardUpdate],
        return_dto=None,
        status_code=200,
        responses=problems(*BAD_BODY, 402, 404, 410, 429, 503),
    )
    async def save(
        self,
        request: Request[Any, Any, Any],
        data: Annotated[CardUpdate, example({**_HELD, "card": _CARD})],
    ) -> CardReplaced:
        """Save a new card; what is owed is charged to it at once. Only a saved card spends the link."""
        marketplace = await find_marketplace(data.marketplace)
        state = request.app.state
        card = CardDetails(**msgspec.structs.asdict(data.card))
        gateway = state.gateway_for(marketplace.gateway)
        try:
            return await replace_card(marketplace, data.token, card, gateway, client_address(request), state.limiter)
        except InvalidInput as refusal:
            raise refusal.within("card") from None

    @post(
        "/form",
        dto=StrictJSON[CardFormRequest],
        return_dto=None,
        status_code=200,
        responses=problems(*BAD_BODY, 404, 410, 429, 503),
    )
    async def open_form(
        self, request: Request[Any, Any, Any], data: Annotated[CardFormRequest, example(_HELD)]
    ) -> CardForm:
        """Open the gateway's own card form (Stripe), for an hour. 422 where cards are sent as test numbers instead."""
        marketplace = await find_marketplace(data.marketplace)
        return_url, cancel_url = form_urls(marketplace)
        url = await open_card_form(
            marketplace,
            data.token,
            request.app.state.gateway_for(marketplace.gateway),
            client_address(request),
            request.app.state.limiter,
            return_url=return_url if data.return_url is None else check_return_url(data.return_url),
            cancel_url=cancel_url,
        )
        return CardForm(url=url)
