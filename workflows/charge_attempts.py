"""Starting a charge: the attempt is a committed row with its idempotency key before any gateway hears of it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from models.database import Record, fetch_row
from workflows.actor import Actor
from workflows.clock import marketplace_now
from workflows.fire import Move, create, fire_where
from workflows.machines import CHARGE
from workflows.portal_views import Marketplace
from workflows.subscriptions import billing_offset

Initiator = Literal["order", "schedule", "retry", "new_card", "staff"]


async def start_charge(
    subscription: Any,
    *,
    gateway: str,
    amount_minor: int,
    period: int,
    initiator: Initiator,
    at: datetime,
    by: Actor,
    dunning_case_id: UUID | None = None,
) -> Record:
    """Creates a pending charge for one period of a subscription (its row, locked by the caller) and stages its
    submission. The database refuses a second one for the same period while one is pending or has succeeded."""
    marketplace_id = subscription["marketplace_id"]
    order = await fetch_row(
        "SELECT number FROM customer_order WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        subscription["order_id"],
    )
    assert order is not None, "a foreign key holds it"
    return await create(
        CHARGE,
        {
            "marketplace_id": marketplace_id,
            "customer_id": subscription["customer_id"],
            "order_id": subscription["order_id"],
            "order_number": order["number"],
            "subscription_id": subscription["id"],
            "period": period,
            "dunning_case_id": dunning_case_id,
            "payment_method_id": subscription["payment_method_id"],
            "initiator": initiator,
            "amount_minor": amount_minor,
            "currency": subscription["currency"],
            "gateway": gateway,
            "attempted_at": at,
        },
        Move(by, initiator, {"subscription_id": str(subscription["id"]), "period": period}),
    )


async def charge_what_is_owed(marketplace: Marketplace, subscription_id: UUID, by: Actor) -> bool:
    """Charges the open case's debt to the subscription's card now (PRODUCT.md 2.5); the caller holds its row locked.

    An attempt still waiting with the old card is withdrawn; one already at the gateway is left to finish: its
    failure starts this charge. Answers whether a charge is under way.
    """
    case = await fetch_row(
        "SELECT * FROM dunning_case WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'open' FOR UPDATE",
        marketplace.id,
        subscription_id,
    )
    if case is None:
        return False
    where = "marketplace_id = $1 AND subscription_id = $2"
    await fire_where(CHARGE, "withdraw", where, (marketplace.id, subscription_id), Move(by, "card_replaced"))
    under_way = await fetch_row(
        "SELECT FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 AND state IN ('pending',"
        " 'action_required')",
        marketplace.id,
        subscription_id,
    )
    if under_way is None:
        subscription = await fetch_row(
            "SELECT * FROM subscription WHERE marketplace_id = $1 AND id = $2", marketplace.id, subscription_id
        )
        await start_charge(
            subscription,
            gateway=marketplace.gateway,
            amount_minor=case["amount_minor"],
            period=case["period"],
            initiator="new_card",
            at=marketplace_now(billing_offset(marketplace)),
            by=by,
            dunning_case_id=case["id"],
        )
    return True
