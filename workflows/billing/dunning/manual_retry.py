"""Staff's own retry of a failed charge: now, by the present card, outside the policy's budget (PRODUCT.md 4.5)."""

from uuid import UUID

from models.database import fetch_row, transaction
from workflows.billing.charges.attempts import start_charge
from workflows.billing.dunning.card_retry_limits import CARD_PAUSE, CARD_RETRIES, retries_of_card
from workflows.billing.dunning.cases import record_attempt
from workflows.engine.actor import Actor
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import NotFound, TooManyRequests, TransitionRefused


async def retry_now(marketplace: Marketplace, number: int, by: Actor) -> UUID:
    """Stages a charge of what is owed and answers with its id.

    Raises NotFound, TransitionRefused (nothing failed, or an attempt is under way), TooManyRequests when the card has
    had its 8 tries in 30 days.
    """
    at = marketplace_now(billing_offset(marketplace))
    async with transaction():
        subscription = await fetch_row(
            "SELECT * FROM subscription WHERE marketplace_id = $1 AND number = $2 FOR UPDATE", marketplace.id, number
        )
        if subscription is None:
            raise NotFound(f"no subscription {number}")
        case = await fetch_row(
            "SELECT * FROM dunning_case WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'open'"
            " AND NOT EXISTS (SELECT FROM charge WHERE charge.marketplace_id = $1 AND charge.subscription_id = $2"
            " AND charge.state IN ('pending', 'action_required')) FOR UPDATE",
            marketplace.id,
            subscription["id"],
        )
        if case is None:
            raise TransitionRefused("subscription", subscription["id"], "retry", subscription["state"], "no rule")
        if len(await retries_of_card(marketplace.id, subscription["payment_method_id"], at)) >= CARD_RETRIES:
            raise TooManyRequests("retries of this card", int(CARD_PAUSE.total_seconds()))
        charge = await start_charge(
            subscription,
            gateway=marketplace.gateway,
            amount_minor=case["amount_minor"],
            period=case["period"],
            initiator="staff",
            at=at,
            by=by,
            dunning_case_id=case["id"],
        )
        await record_attempt(case, charge, at)
        return charge["id"]
