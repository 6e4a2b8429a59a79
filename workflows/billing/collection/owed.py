"""Charging what is owed to a card that was just saved (PRODUCT.md 2.5), in the transaction that saves it."""

from uuid import UUID

from models.database import fetch_row
from workflows.billing.charges.attempts import start_charge
from workflows.billing.dunning.cases import record_attempt
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire_where
from workflows.machines import CHARGE
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now


async def charge_what_is_owed(marketplace: Marketplace, subscription_id: UUID, by: Actor) -> bool:
    """Charges the open case's debt to the subscription's card now; the caller holds the subscription's row locked.

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
        "SELECT FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'pending'",
        marketplace.id,
        subscription_id,
    )
    if under_way is None:
        subscription = await fetch_row(
            "SELECT * FROM subscription WHERE marketplace_id = $1 AND id = $2", marketplace.id, subscription_id
        )
        at = marketplace_now(billing_offset(marketplace))
        charge = await start_charge(
            subscription,
            gateway=marketplace.gateway,
            amount_minor=case["amount_minor"],
            period=case["period"],
            initiator="new_card",
            at=at,
            by=by,
            dunning_case_id=case["id"],
        )
        await record_attempt(case, charge, at)
    return True
