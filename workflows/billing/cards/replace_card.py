"""Replacing the card of one subscription by its link; where a charge had failed, what is owed is charged at once."""

from uuid import UUID

from models.database import execute, fetch_row, transaction
from workflows.access.link_redemption import lock_links, supersede_links
from workflows.access.request_limits import check_card_attempt
from workflows.access_tokens.one_time_links import find_link, unusable
from workflows.billing.cards.card_links import look_at_card_link
from workflows.billing.cards.payment_methods import keep_card
from workflows.billing.cards.sandbox_form import check_card_form
from workflows.billing.cards.views import CardReplaced
from workflows.billing.collection.owed import charge_what_is_owed
from workflows.billing.subscriptions.portal_list import CARD_UPDATABLE
from workflows.billing.subscriptions.views import CardShown
from workflows.customers.addresses import addressee
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import ACCESS_TOKEN
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import CardRefused, GatewayUnavailable, LinkUnusable, TransitionRefused
from workflows.runtime.ports import Card, CardDeclined, CardDetails, Gateway, InDoubt, RateLimiter


async def replace_card(
    marketplace: Marketplace, token: str, details: CardDetails, gateway: Gateway, client: str, limiter: RateLimiter
) -> CardReplaced:
    """Gives the card to the gateway, then saves it and spends the link. `client` is the caller's address.

    Raises InvalidInput (fields), TooManyRequests, LinkUnusable, CardRefused (the old card stays), GatewayUnavailable.
    Whatever it raises, the old card stays and the link still works.
    """
    link = await look_at_card_link(marketplace.id, token)
    await check_card_attempt(limiter, str(link.subscription_id), client)
    card = await _offer(gateway, check_card_form(details, now()))
    try:
        async with transaction():
            charging = await save_card(marketplace, link.token_id, link.subscription_id, card)
    except TransitionRefused:
        raise unusable(await find_link(marketplace.id, "card_update", token)) from None
    return CardReplaced(
        subscription_number=link.subscription_number,
        card=CardShown(brand=card.brand, last_four=card.last_four, exp_month=card.exp_month, exp_year=card.exp_year),
        charging_now=charging,
    )


async def _offer(gateway: Gateway, details: CardDetails) -> Card:
    try:
        return await gateway.take_card(details)
    except CardDeclined as declined:
        raise CardRefused(declined.decline_code) from None
    except InDoubt as doubt:
        raise GatewayUnavailable(str(doubt)) from doubt


async def save_card(marketplace: Marketplace, token_id: UUID, subscription_id: UUID, card: Card) -> bool:
    """Saves a card that the gateway took, in the caller's transaction, and spends the link; what is owed is charged.

    Answers whether a charge is under way. Raises LinkUnusable, TransitionRefused.
    """
    subscription = await fetch_row(
        "SELECT * FROM subscription WHERE marketplace_id = $1 AND id = $2 FOR UPDATE", marketplace.id, subscription_id
    )
    if subscription is None or subscription["state"] not in CARD_UPDATABLE:
        raise LinkUnusable("no longer needed", token_id)
    customer_id = subscription["customer_id"]
    by = Actor("customer", customer_id)
    payment_method_id = await keep_card(marketplace, customer_id, card)
    await execute(
        "UPDATE subscription SET payment_method_id = $3 WHERE marketplace_id = $1 AND id = $2",
        marketplace.id,
        subscription_id,
        payment_method_id,
    )
    charging = False
    if subscription["state"] == "failed_charge":
        charging = await charge_what_is_owed(marketplace, subscription_id, by)
    await lock_links(marketplace.id, by, "card_update", subscription_id)
    details = {"subscription_id": str(subscription_id), "payment_method_id": str(payment_method_id)}
    await fire(ACCESS_TOKEN, marketplace.id, token_id, "redeem", Move(by, "card_saved", details))
    await supersede_links(marketplace.id, by, "card_update", subscription_id)
    await _tell_customer(marketplace.id, subscription_id, payment_method_id, card, by)
    return charging


async def _tell_customer(
    marketplace_id: UUID, subscription_id: UUID, payment_method_id: UUID, card: Card, by: Actor
) -> None:
    told = await addressee(marketplace_id, subscription_id)
    await stage_email(
        marketplace_id,
        template="card_updated",
        recipient=told["email"],
        cause=f"payment_method:{payment_method_id}",
        customer_id=told["customer_id"],
        context={
            "product": told["product"],
            "subscription_number": told["subscription_number"],
            "card_brand": card.brand,
            "card_last_four": card.last_four,
        },
        by=by,
    )
