"""Replacing a card through the gateway's own form (Stripe): opened by the link's holder, ended by the gateway's word.

Coming back from the form proves nothing; only the gateway's event, and what it answers about the form, do.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec

from models.database import execute, fetch_row, transaction
from workflows.access.rate_limiter import RateLimiter
from workflows.access.request_limits import check_card_attempt
from workflows.access_tokens.one_time_links import find_link, unusable
from workflows.billing.cards.card_links import look_at_card_link
from workflows.billing.cards.replace_card import save_card
from workflows.billing.gateway import Gateway
from workflows.billing.subscriptions.portal_list import card_shown
from workflows.billing.subscriptions.views import CardShown
from workflows.machines import ACCESS_TOKEN
from workflows.marketplaces.link_lifetime import LINK_LIFETIME
from workflows.marketplaces.marketplace import login_url
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import GatewayUnavailable, InDoubt, InvalidInput, LinkUnusable, TransitionRefused
from workflows.runtime.settings import settings

FORM_LIFETIME = LINK_LIFETIME + timedelta(minutes=5)  # a form opened in a link's last minute may still be finished
_RETURN_URL = re.compile(r"[\x21-\x7e]{1,500}")


class CardSavedByForm(msgspec.Struct, frozen=True, kw_only=True):
    """What our books say once the gateway has told us of the card."""

    product: str
    card: CardShown
    charging_now: bool


def form_urls(marketplace: Marketplace) -> tuple[str, str]:
    """Where the gateway's form leads back to: when it was filled in, and when it was left. No token in either."""
    return f"{login_url(marketplace)}/card-saved", f"{login_url(marketplace)}/card-form"


def check_return_url(url: str) -> str:
    """An address that a caller wants the form to lead back to. Raises InvalidInput unless it is within PUBLIC_URL."""
    if not url.startswith(f"{settings().public_url}/") or not _RETURN_URL.fullmatch(url):
        raise InvalidInput({"return_url": f"must begin with {settings().public_url}/."})
    return url


async def card_saved_by_form(marketplace_id: UUID, token: str) -> CardSavedByForm | None:
    """What became of a link whose form was opened; None while the gateway has not told us of a card.

    Raises LinkUnusable for a link that ended without one.
    """
    link = await find_link(marketplace_id, "card_update", token)
    if ACCESS_TOKEN.allows("redeem", link, now=now()):
        return None
    row = await fetch_row(
        "SELECT product.name AS product, card.brand, card.last_four, card.exp_month, card.exp_year,"
        " EXISTS (SELECT FROM charge WHERE charge.marketplace_id = subscription.marketplace_id"
        " AND charge.subscription_id = subscription.id AND charge.state = 'pending') AS charging_now"
        " FROM subscription JOIN product ON product.marketplace_id = subscription.marketplace_id"
        " AND product.id = subscription.product_id JOIN payment_method AS card"
        " ON card.marketplace_id = subscription.marketplace_id AND card.id = subscription.payment_method_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.id = $2",
        marketplace_id,
        link["subscription_id"],
    )
    card = None if row is None else card_shown(row)
    if link["state"] != "redeemed" or row is None or card is None:
        raise unusable(link)
    return CardSavedByForm(product=row["product"], card=card, charging_now=row["charging_now"])


async def open_card_form(
    marketplace: Marketplace,
    token: str,
    gateway: Gateway,
    client: str,
    limiter: RateLimiter,
    *,
    return_url: str,
    cancel_url: str,
) -> str:
    """The address of a card form for the link's subscription. Raises LinkUnusable, TooManyRequests, GatewayUnavailable.

    The link stays good as long as the form does.
    """
    link = await look_at_card_link(marketplace.id, token)
    await check_card_attempt(limiter, str(link.subscription_id), client)
    customer = await fetch_row(
        "SELECT customer.id, customer.email, customer.gateway_reference FROM subscription JOIN customer"
        " ON customer.marketplace_id = subscription.marketplace_id AND customer.id = subscription.customer_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.id = $2",
        marketplace.id,
        link.subscription_id,
    )
    assert customer is not None, "foreign keys hold it"
    try:
        form = await gateway.start_card_setup(
            customer_reference=customer["gateway_reference"],
            email=customer["email"],
            return_url=return_url,
            cancel_url=cancel_url,
            metadata={"link": str(link.token_id), "subscription": str(link.subscription_id)},
        )
    except InDoubt as doubt:
        raise GatewayUnavailable(str(doubt)) from doubt
    async with transaction():
        await execute(
            "UPDATE customer SET gateway_reference = $3 WHERE marketplace_id = $1 AND id = $2 AND erased_at IS NULL",
            marketplace.id,
            customer["id"],
            form.customer_reference,
        )
        await execute(
            "UPDATE access_token SET expires_at = greatest(expires_at, $3) WHERE marketplace_id = $1 AND id = $2"
            " AND state = 'issued'",
            marketplace.id,
            link.token_id,
            now() + FORM_LIFETIME,
        )
    return form.url


async def save_hosted_card(
    marketplace: Marketplace, setup_reference: str, metadata: Mapping[str, str], gateway: Gateway
) -> None:
    """Saves the card of a finished form; nothing when that was done, or when the form was not one of ours.

    Raises InDoubt when the gateway cannot say which card: ask again.
    """
    try:
        token_id, subscription_id = UUID(metadata["link"]), UUID(metadata["subscription"])
    except (KeyError, ValueError):
        return
    card = await gateway.read_card_setup(setup_reference)
    if card is None:
        return
    try:
        async with transaction():
            await save_card(marketplace, token_id, subscription_id, card)
    except (TransitionRefused, LinkUnusable):
        return  # a card was saved by this link before, or the subscription has ended
