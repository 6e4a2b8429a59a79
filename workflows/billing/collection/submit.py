"""Putting a charge to the gateway: commit that it is being submitted, call, record the answer in a second transaction.

On any doubt (time-out, crash in between) the gateway is asked what became of it before it is tried again, and tried
again only under the same idempotency key. No gateway is called inside a transaction.
"""

from uuid import UUID

import msgspec

from models.database import Record, execute, fetch, fetch_row, transaction
from workflows.billing.charges.gateway_times import ANSWERS_WITHIN, EVENTS_COME_WITHIN
from workflows.billing.collection.outcomes import record_outcome
from workflows.billing.gateway import ChargeRequest, Gateway, Outcome
from workflows.billing.reconciliation.differences import note_difference
from workflows.engine.actor import worker
from workflows.engine.fire import Move, fire
from workflows.machines import CHARGE
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt, NotFound


async def submit_charge(marketplace_id: UUID, charge_id: UUID, gateway: Gateway) -> None:
    """Submits one pending charge, or finds out what became of it if it was submitted before; harmless when it is
    settled. Raises InDoubt when the gateway's answer is not known: call again."""
    charge = await _claim(marketplace_id, charge_id)
    if charge is not None:
        await record_outcome(marketplace_id, charge_id, await _outcome(charge, gateway))
    await _withdraw_waiting_order(marketplace_id, charge_id, gateway)


async def _outcome(charge: Record, gateway: Gateway) -> Outcome:
    outcome = None
    if charge["submitted_before"]:
        outcome = await gateway.find_charge(
            charge["idempotency_key"],
            customer_reference=charge["customer_reference"],
            submitted_at=charge["submitted_at"],
        )
    if outcome is None and charge["submitted_before"] and charge["cancelled"]:
        return _never_arrived(charge)
    return outcome or await _confirmed_after_all(charge, gateway) or await _charge(charge, gateway)


async def settle_charge(marketplace_id: UUID, charge_id: UUID, gateway: Gateway) -> None:
    """Asks the gateway about a charge left pending (the same act as submitting it: it asks first), or about one that
    waits for its customer: then it only listens, and who is confirming at this moment goes on. Raises InDoubt."""
    waiting = await fetch_row(
        "SELECT charge.idempotency_key, charge.submitted_at, customer.gateway_reference AS customer_reference"
        " FROM charge JOIN customer ON customer.marketplace_id = charge.marketplace_id"
        " AND customer.id = charge.customer_id WHERE charge.marketplace_id = $1 AND charge.id = $2"
        " AND charge.state = 'action_required'"
        " AND charge.initiator <> 'order'",  # those are given up, not waited for
        marketplace_id,
        charge_id,
    )
    if waiting is None:
        await submit_charge(marketplace_id, charge_id, gateway)
        return
    outcome = await gateway.find_charge(
        waiting["idempotency_key"],
        customer_reference=waiting["customer_reference"],
        submitted_at=waiting["submitted_at"],
    )
    if outcome is not None:
        await record_outcome(marketplace_id, charge_id, outcome)


async def charges_in_doubt(limit: int) -> list[tuple[UUID, UUID]]:
    """(marketplace, charge) of charges submitted a while ago and never settled, oldest first."""
    rows = await fetch(
        "SELECT marketplace_id, id FROM charge WHERE state = 'pending' AND submitted_at < $1"
        " ORDER BY submitted_at LIMIT $2",
        now() - ANSWERS_WITHIN,
        limit,
    )
    return [(row["marketplace_id"], row["id"]) for row in rows]


async def charges_that_wait() -> list[tuple[UUID, UUID]]:
    """(marketplace, charge) of charges that have waited for their customer for a while: the event that said what became
    of one may have been lost. Found by their open cases, which are few."""
    rows = await fetch(
        "SELECT dunning_case.marketplace_id, waiting.id FROM dunning_case CROSS JOIN LATERAL"
        " (SELECT id, moved_at FROM charge WHERE charge.marketplace_id = dunning_case.marketplace_id"
        " AND charge.subscription_id = dunning_case.subscription_id AND charge.period = dunning_case.period"
        " AND charge.state = 'action_required' LIMIT 1) AS waiting"
        " WHERE dunning_case.state = 'open' AND waiting.moved_at < $1 ORDER BY waiting.moved_at",
        now() - EVENTS_COME_WITHIN,
    )
    return [(row["marketplace_id"], row["id"]) for row in rows]


def _never_arrived(charge: Record) -> Outcome:
    """Of a charge whose subscription was cancelled while it was on its way: it is not sent again. The gateway not
    knowing it is believed once it had time to arrive."""
    if charge["submitted_at"] > now() - ANSWERS_WITHIN:
        raise InDoubt("the gateway may still hear of it")
    return Outcome(state="failed", gateway_reference="", decline_code="never_arrived")


async def _confirmed_after_all(charge: Record, gateway: Gateway) -> Outcome | None:
    """The money of an earlier attempt at this period, given up while it waited for its customer, if they were faster.

    It is kept from being confirmed before this charge is put to the gateway: else both could be paid. Where it was
    confirmed already, its money is this charge's, and nothing more is taken (PRODUCT.md 4.2).
    """
    given_up = await fetch(
        "SELECT gateway_reference FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 AND period = $3"
        " AND state = 'failed' AND moved_trigger = 'withdraw' AND gateway_reference IS NOT NULL",
        charge["marketplace_id"],
        charge["subscription_id"],
        charge["period"],
    )
    for earlier in given_up:
        outcome = await _withdrawn(gateway, earlier["gateway_reference"])
        if outcome.state == "succeeded":
            return outcome
    return None


async def _withdrawn(gateway: Gateway, reference: str) -> Outcome:
    """What became of a payment that nobody is to confirm any more. One that the gateway has lost, nobody can."""
    try:
        return await gateway.withdraw(reference)
    except NotFound:
        return Outcome(state="failed", gateway_reference=reference, decline_code="canceled")


async def _withdraw_waiting_order(marketplace_id: UUID, charge_id: UUID, gateway: Gateway) -> None:
    """A first payment that wants the customer is not waited for: the merchant's checkout has them before it, and
    orders again with a confirmed card. The code of the refusal stays authentication_required."""
    waiting = await fetch_row(
        "SELECT gateway_reference, decline_code FROM charge WHERE marketplace_id = $1 AND id = $2"
        " AND state = 'action_required' AND initiator = 'order'",
        marketplace_id,
        charge_id,
    )
    if waiting is None:
        return
    outcome = await _withdrawn(gateway, waiting["gateway_reference"])
    if outcome.state == "failed":
        outcome = msgspec.structs.replace(outcome, decline_code=waiting["decline_code"])
    await record_outcome(marketplace_id, charge_id, outcome)


async def _charge(charge: Record, gateway: Gateway) -> Outcome:
    if charge["amount_minor"] == 0:  # an imported subscription that costs nothing: no gateway takes nothing
        return Outcome(state="succeeded", gateway_reference="")
    if charge["card_reference"] is None:
        return Outcome(state="failed", gateway_reference="", decline_code="no_card_on_file")
    return await gateway.charge(
        ChargeRequest(
            idempotency_key=charge["idempotency_key"],
            card_reference=charge["card_reference"],
            amount_minor=charge["amount_minor"],
            currency=charge["currency"],
            customer_reference=charge["customer_reference"],
        )
    )


async def _claim(marketplace_id: UUID, charge_id: UUID) -> Record | None:
    """Commits that the charge is on its way, unless its subscription was cancelled: then it is withdrawn.

    The subscription's row is locked first, as a cancellation locks it: after a cancellation has committed, no
    charge of it is submitted (PRODUCT.md 2.3).
    """
    async with transaction():
        subscription = await fetch_row(
            "SELECT subscription.state FROM charge JOIN subscription ON subscription.marketplace_id ="
            " charge.marketplace_id AND subscription.id = charge.subscription_id"
            " WHERE charge.marketplace_id = $1 AND charge.id = $2 FOR UPDATE OF subscription",
            marketplace_id,
            charge_id,
        )
        cancelled = subscription is not None and subscription["state"] == "cancelled"
        charge = await fetch_row(
            "SELECT charge.*, charge.submitted_at IS NOT NULL AS submitted_before, card.reference AS card_reference,"
            " $3::boolean AS cancelled, customer.gateway_reference AS customer_reference FROM charge"
            " JOIN customer ON customer.marketplace_id = charge.marketplace_id AND customer.id = charge.customer_id"
            " LEFT JOIN payment_method AS card ON card.marketplace_id = charge.marketplace_id"
            " AND card.id = charge.payment_method_id"
            " WHERE charge.marketplace_id = $1 AND charge.id = $2 AND charge.state = 'pending' FOR UPDATE OF charge",
            marketplace_id,
            charge_id,
            cancelled,
        )
        if charge is None or charge["submitted_before"]:
            return charge
        if cancelled:
            await fire(CHARGE, marketplace_id, charge_id, "withdraw", Move(worker("charge.submit"), "cancelled_before"))
            return None
        await execute(
            "UPDATE charge SET submitted_at = $3 WHERE marketplace_id = $1 AND id = $2",
            marketplace_id,
            charge_id,
            now(),
        )
        return charge


async def withdraw_at_gateway(marketplace_id: UUID, charge_id: UUID, gateway: Gateway) -> None:
    """Keeps a withdrawn charge that waited for its customer from being confirmed after all. Raises InDoubt.

    If the customer was faster, money moved for a charge that our books gave up: that is a difference for staff.
    """
    charge = await fetch_row(
        "SELECT gateway_reference FROM charge WHERE marketplace_id = $1 AND id = $2 AND state = 'failed'",
        marketplace_id,
        charge_id,
    )
    if charge is None or not charge["gateway_reference"]:
        return  # the gateway never heard of it
    outcome = await _withdrawn(gateway, charge["gateway_reference"])
    if outcome.state == "succeeded":
        await note_difference(
            await marketplace_by_id(marketplace_id),
            reference=charge["gateway_reference"],
            kind="state",
            ours="failed",
            theirs="succeeded",
            charge_id=charge_id,
        )
