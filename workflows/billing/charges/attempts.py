"""Starting a charge: the attempt is a committed row with its idempotency key before any gateway hears of it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from models.database import Record, fetch_row
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create
from workflows.engine.outbox import stage
from workflows.machines import CHARGE

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
    known = await fetch_row(
        "SELECT customer_order.number, card.fingerprint FROM customer_order LEFT JOIN payment_method AS card"
        " ON card.marketplace_id = customer_order.marketplace_id AND card.id = $3"
        " WHERE customer_order.marketplace_id = $1 AND customer_order.id = $2",
        marketplace_id,
        subscription["order_id"],
        subscription["payment_method_id"],
    )
    assert known is not None, "a foreign key holds it"
    charge = await create(
        CHARGE,
        {
            "marketplace_id": marketplace_id,
            "customer_id": subscription["customer_id"],
            "order_id": subscription["order_id"],
            "order_number": known["number"],
            "subscription_id": subscription["id"],
            "period": period,
            "dunning_case_id": dunning_case_id,
            "payment_method_id": subscription["payment_method_id"],
            "card_fingerprint": known["fingerprint"],
            "initiator": initiator,
            "amount_minor": amount_minor,
            "currency": subscription["currency"],
            "gateway": gateway,
            "attempted_at": at,
        },
        Move(by, initiator, {"subscription_id": str(subscription["id"]), "period": period}),
    )
    await stage("charge.submit", marketplace_id, id=charge["id"])
    return charge
