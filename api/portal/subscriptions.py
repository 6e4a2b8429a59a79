"""The customer's subscriptions by API, and the acts on each: cancel, confirm a payment, have a card link sent."""

from typing import Any

import msgspec
from litestar import Controller, Request, get, post, route

from api.accepted import Accepted
from api.openapi.responses import SubscriptionNumber, problems
from api.portal.others import all_but, not_allowed
from api.requests.credentials import needs_session
from api.requests.provided import OwnMarketplace, SignedInCustomer
from workflows.billing.cards.card_links import send_card_update_link
from workflows.billing.collection.confirm_payment import confirm_payment, confirmed_url
from workflows.billing.subscriptions.cancel import cancel_by_customer
from workflows.billing.subscriptions.portal_list import get_subscription, list_subscriptions
from workflows.billing.subscriptions.views import SubscriptionView
from workflows.engine.actor import Actor
from workflows.marketplaces.short_numbers import number_of


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the customer confirms; None when it is done, and the subscription says with what result."""

    url: str | None


class Subscriptions(Controller):
    """What the signed-in customer pays for."""

    path = "/subscriptions"
    tags = ("Portal: subscriptions",)
    guards = (needs_session,)

    @get(responses=problems(401))
    async def list(self, signed_in: SignedInCustomer, marketplace: OwnMarketplace) -> list[SubscriptionView]:
        """All subscriptions, those that need the customer first."""
        return await list_subscriptions(marketplace, signed_in.customer_id)

    @get("/{number:str}", responses=problems(401, 404))
    async def one(
        self,
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
    ) -> SubscriptionView:
        """One subscription."""
        return await get_subscription(marketplace, signed_in.customer_id, number_of(number))

    @post("/{number:str}/cancel", status_code=200, responses=problems(401, 403, 404, 409, 429))
    async def cancel(
        self,
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
    ) -> SubscriptionView:
        """Cancel at once. Nothing more is charged, nothing is refunded. 403 where the marketplace does not offer it."""
        return await cancel_by_customer(marketplace, signed_in, number_of(number))

    @post("/{number:str}/card-update-link", status_code=202, responses=problems(401, 404, 409, 429))
    async def send_card_link(
        self,
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
    ) -> Accepted:
        """E-mail the one-time link to the page where this subscription's card is replaced."""
        by = Actor("customer", signed_in.customer_id)
        await send_card_update_link(marketplace, signed_in.customer_id, number_of(number), by)
        return Accepted(detail="A link to update the card is on its way to the address on file.")

    @post("/{number:str}/confirm", status_code=200, responses=problems(401, 404, 409, 429, 503))
    async def confirm(
        self,
        request: Request[Any, Any, Any],
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
    ) -> Confirmation:
        """Confirm the payment that the bank wants the customer for. 409 where none waits for them."""
        asked_for = number_of(number)
        gateway = request.app.state.gateway_for(marketplace.gateway)
        back = confirmed_url(marketplace, asked_for)
        return Confirmation(url=await confirm_payment(marketplace, signed_in.customer_id, asked_for, gateway, back))

    @route("/{number:str}", http_method=all_but("GET"), status_code=405, include_in_schema=False)
    async def odd_method(
        self,
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
    ) -> None:
        """404 for what is not the customer's own, else 405."""
        await get_subscription(marketplace, signed_in.customer_id, number_of(number))
        raise not_allowed("GET")

    @route(
        ["/{number:str}/cancel", "/{number:str}/card-update-link", "/{number:str}/confirm"],
        http_method=all_but("POST"),
        status_code=405,
        include_in_schema=False,
    )
    async def odd_method_of_an_act(
        self,
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
    ) -> None:
        """404 for what is not the customer's own, else 405."""
        await get_subscription(marketplace, signed_in.customer_id, number_of(number))
        raise not_allowed("POST")
