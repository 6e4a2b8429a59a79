"""Confirming a payment that the customer's bank wants them for (strong customer authentication)."""

from uuid import UUID

from models.database import fetch_row
from workflows.billing.collection.outcomes import record_outcome
from workflows.billing.gateway import Gateway
from workflows.marketplaces.marketplace import login_url
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import GatewayUnavailable, InDoubt, NotFound, TransitionRefused


async def confirm_payment(
    marketplace: Marketplace, customer_id: UUID, number: int, gateway: Gateway, return_url: str
) -> str | None:
    """Where the customer confirms what their subscription owes; None when that was done on the spot.

    Raises NotFound, TransitionRefused when nothing waits for them, GatewayUnavailable.
    """
    row = await fetch_row(
        "SELECT subscription.id AS subscription_id, subscription.state, charge.id, charge.gateway_reference"
        " FROM subscription LEFT JOIN charge ON charge.marketplace_id = subscription.marketplace_id"
        " AND charge.subscription_id = subscription.id AND charge.state = 'action_required'"
        " WHERE subscription.marketplace_id = $1 AND subscription.customer_id = $2 AND subscription.number = $3",
        marketplace.id,
        customer_id,
        number,
    )
    if row is None:
        raise NotFound(f"no subscription {number}")
    if row["id"] is None:
        raise TransitionRefused("subscription", row["subscription_id"], "confirm", row["state"], "nothing to confirm")
    try:
        confirmation = await gateway.start_confirmation(row["gateway_reference"], return_url)
        await record_outcome(marketplace.id, row["id"], confirmation.outcome)
    except NotFound as missing:  # of ours it is; the gateway's books have lost it
        raise GatewayUnavailable("the gateway does not know this payment") from missing
    except InDoubt as doubt:
        raise GatewayUnavailable(str(doubt)) from doubt
    return confirmation.url


def confirmed_url(marketplace: Marketplace, number: int) -> str:
    """Where the bank's page leads back to. Coming back proves nothing: it shows what our books say."""
    return f"{login_url(marketplace)}/subscriptions/{number}/confirmed"
