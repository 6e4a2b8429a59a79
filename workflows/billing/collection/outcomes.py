"""What follows from a gateway's answer: the subscription, its dunning case, the charge, the receipt and the invoice
move together, in one transaction, in that order of locks (CONTRIBUTING.md)."""

from uuid import UUID

from models.database import Record, execute, fetch_row, retrying, transaction
from workflows.billing.calendar.calendar import next_charge
from workflows.billing.charges.declines import effective_code
from workflows.billing.collection.order_fulfilment import fulfil_paid
from workflows.billing.collection.owed import charge_what_is_owed
from workflows.billing.dunning.cases import after_failure, close_case, count_failure, end_case, open_case
from workflows.billing.emails.receipts import receipt_of_renewal, send_receipt
from workflows.billing.gateway import Outcome
from workflows.billing.subscriptions.cancel import cancel_subscription
from workflows.emails.notices_for_staff import notify_of_failed_charge
from workflows.engine.actor import CLOCK, Actor
from workflows.engine.fire import Move, fire
from workflows.engine.outbox import finish_current
from workflows.invoices.issue import issue_invoice
from workflows.machines import CHARGE, SUBSCRIPTION
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import InDoubt

_SETTLED = ("succeeded", "failed", "refunded", "partially_refunded", "disputed")


@retrying
async def record_outcome(marketplace_id: UUID, charge_id: UUID, outcome: Outcome) -> None:
    """Writes down what became of a charge, with everything that follows. The same answer twice changes nothing."""
    marketplace = await marketplace_by_id(marketplace_id)
    async with transaction():
        subscription = await _lock_subscription(marketplace_id, charge_id)
        case = None if subscription is None else await _lock_case(marketplace_id, subscription["id"])
        charge = await fetch_row(
            "SELECT * FROM charge WHERE marketplace_id = $1 AND id = $2 FOR UPDATE", marketplace_id, charge_id
        )
        if charge is None or charge["state"] in _SETTLED:
            return
        if charge["state"] == outcome.state:  # still waiting for the customer
            return
        _refuse_other_money(charge, outcome)
        act = {"succeeded": _succeeded, "failed": _failed, "action_required": _action_required}[outcome.state]
        await act(marketplace, subscription, case, charge, outcome)
        await finish_current()  # a run that lost its lease meanwhile undoes all of this
        if outcome.state == "succeeded":  # last of all: from its number to our end all others wait for theirs
            await issue_invoice(marketplace_id, charge_id, Actor("gateway", charge["gateway"]))


def _refuse_other_money(charge: Record, outcome: Outcome) -> None:
    """An answer about another amount is not believed: the charge stays as it is, and its job ends up before staff."""
    theirs = (outcome.amount_minor, (outcome.currency or "").upper())
    if outcome.amount_minor is not None and theirs != (charge["amount_minor"], charge["currency"]):
        raise InDoubt(f"charge {charge['id']}: the gateway answers about {theirs[0]} {theirs[1]}")


async def _lock_subscription(marketplace_id: UUID, charge_id: UUID) -> Record | None:
    return await fetch_row(
        "SELECT subscription.* FROM charge JOIN subscription ON subscription.marketplace_id = charge.marketplace_id"
        " AND subscription.id = charge.subscription_id WHERE charge.marketplace_id = $1 AND charge.id = $2"
        " FOR UPDATE OF subscription",
        marketplace_id,
        charge_id,
    )


async def _lock_case(marketplace_id: UUID, subscription_id: UUID) -> Record | None:
    return await fetch_row(
        "SELECT * FROM dunning_case WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'open' FOR UPDATE",
        marketplace_id,
        subscription_id,
    )


def _by_gateway(charge: Record, because: str, outcome: Outcome) -> Move:
    details = {"charge_id": str(charge["id"])}
    if outcome.decline_code:
        details["decline_code"] = outcome.decline_code
    return Move(Actor("gateway", charge["gateway"]), because, details)


async def _succeeded(
    marketplace: Marketplace, subscription: Record | None, case: Record | None, charge: Record, outcome: Outcome
) -> None:
    at = marketplace_now(billing_offset(marketplace))
    paid = _by_gateway(charge, "charge_succeeded", outcome)
    if subscription is not None and subscription["state"] in ("active", "failed_charge"):
        await _count_payment(marketplace, subscription, charge, paid)
    if case is not None:
        await close_case(marketplace, case["id"], "recover", paid)
    await fire(
        CHARGE,
        marketplace.id,
        charge["id"],
        "succeed",
        paid,
        set_={"gateway_reference": outcome.gateway_reference or None, "paid_at": at, "decline_code": None},
    )
    if charge["initiator"] == "order":
        await fulfil_paid(marketplace, charge, paid.by)
    elif subscription is not None:
        await send_receipt(marketplace, await receipt_of_renewal(marketplace, charge, at), paid.by)
    if outcome.disputed:
        await fire(CHARGE, marketplace.id, charge["id"], "dispute", Move(paid.by, "dispute_opened"))


async def _count_payment(marketplace: Marketplace, subscription: Record, charge: Record, move: Move) -> None:
    made = subscription["payments_made"] + 1
    paid_off = subscription["payments_total"] is not None and made >= subscription["payments_total"]
    facts = {
        "payments_made": made,
        "next_period": charge["period"] + 1,
        "next_charge_at": None if paid_off else next_charge(marketplace, subscription, charge["period"] + 1),
    }
    if subscription["state"] == "failed_charge":
        await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "recovered", move, set_=facts)
    else:
        await execute(
            "UPDATE subscription SET payments_made = $3, next_period = $4, next_charge_at = $5"
            " WHERE marketplace_id = $1 AND id = $2",
            marketplace.id,
            subscription["id"],
            *facts.values(),
        )
    if paid_off:
        ended = {"ended_at": marketplace_now(billing_offset(marketplace))}
        await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "complete", Move(move.by, "paid_off"), set_=ended)


async def _failed(
    marketplace: Marketplace, subscription: Record | None, case: Record | None, charge: Record, outcome: Outcome
) -> None:
    failed = _by_gateway(charge, "charge_failed", outcome)
    case = await _fail_subscription(marketplace, subscription, case, charge, failed, outcome)
    await fire(
        CHARGE,
        marketplace.id,
        charge["id"],
        "decline",
        failed,
        set_={"gateway_reference": outcome.gateway_reference or None, "decline_code": outcome.decline_code},
    )
    if subscription is not None and case is not None:
        await _go_on_with(marketplace, subscription, case, charge, failed)


async def _action_required(
    marketplace: Marketplace, subscription: Record | None, case: Record | None, charge: Record, outcome: Outcome
) -> None:
    """The bank wants the customer: nothing was paid, so the case opens as for a decline, and waits for them."""
    wanted = _by_gateway(charge, "authentication_required", outcome)
    case = await _fail_subscription(marketplace, subscription, case, charge, wanted, outcome)
    await fire(
        CHARGE,
        marketplace.id,
        charge["id"],
        "require_action",
        wanted,
        set_={"gateway_reference": outcome.gateway_reference, "decline_code": outcome.decline_code},
    )
    if subscription is not None and case is not None:
        await _go_on_with(marketplace, subscription, case, charge, wanted)
    elif subscription is not None:
        # It ended while this was on its way: nobody is asked to confirm a payment for it any more.
        await fire(CHARGE, marketplace.id, charge["id"], "withdraw", Move(wanted.by, "subscription_ended"))


async def _fail_subscription(
    marketplace: Marketplace,
    subscription: Record | None,
    case: Record | None,
    charge: Record,
    move: Move,
    outcome: Outcome,
) -> Record | None:
    """The open case after this failure: opened by it, or counting it; None where there is nothing to win back."""
    code = effective_code(outcome.decline_code, outcome.advice_code)
    if subscription is not None and subscription["state"] == "active":
        await fire(
            SUBSCRIPTION, marketplace.id, subscription["id"], "charge_failed", move, set_={"next_charge_at": None}
        )
        await notify_of_failed_charge(subscription, charge, code, move.by)
        return await open_case(marketplace, subscription, charge, code, move)
    if case is not None:
        return await count_failure(case, charge, code, move)
    return None


async def _go_on_with(marketplace: Marketplace, subscription: Record, case: Record, charge: Record, move: Move) -> None:
    if subscription["payment_method_id"] != charge["payment_method_id"]:
        # The card was replaced while this attempt was on its way with the old one.
        await charge_what_is_owed(marketplace, subscription["id"], move.by)
    elif await after_failure(marketplace, case, charge, move) and await end_case(marketplace, case) == "cancel":
        await cancel_subscription(marketplace, subscription["id"], Move(CLOCK, "dunning_exhausted"))
