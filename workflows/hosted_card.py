"""Replacing a card through the gateway's own form (Stripe): opened by the link's holder, ended by the gateway's word.

Coming back from the form proves nothing; only the gateway's event, and what it answers about the form, do.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from models.database import execute, fetch_row, transaction
from workflows.card_links import look_at_card_link
from workflows.client_limits import check_card_attempt
from workflows.clock import now
from workflows.errors import GatewayUnavailable, LinkUnusable, TransitionRefused
from workflows.portal_views import Marketplace
from workflows.ports import Gateway, InDoubt, RateLimiter
from workflows.replace_card import save_card

_FORM_LIFETIME = timedelta(hours=1, minutes=5)  # a form opened in a link's last minute may still be finished


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
            "UPDATE customer SET gateway_reference = $3 WHERE marketplace_id = $1 AND id = $2",
            marketplace.id,
            customer["id"],
            form.customer_reference,
        )
        await execute(
            "UPDATE access_token SET expires_at = greatest(expires_at, $3) WHERE marketplace_id = $1 AND id = $2"
            " AND state = 'issued'",
            marketplace.id,
            link.token_id,
            now() + _FORM_LIFETIME,
        )
    return form.url


async def save_hosted_card(
    marketplace: Marketplace, setup_reference: str, metadata: Mapping[str, str], gateway: Gateway
) -> None:
    """Saves the card of a finished form; nothing when that was done, or when the form was not one of ours.

    Raises ports.InDoubt when the gateway cannot say which card: ask again.
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
