"""Applying what a gateway told us: once each, in whatever order it comes (the rules are in events.py).

An event's `payload` is deleted in the transaction of what follows from it. A fact that comes too early raises
EventTooEarly, and the job tries again later. A fact that contradicts our books is recorded as a difference and changes
nothing.
"""

from typing import Any
from uuid import UUID

import msgspec

from models.database import Record, execute, fetch_row, fetch_value, retrying, transaction
from workflows.billing.cards.hosted_form import save_hosted_card
from workflows.billing.collection.outcomes import record_outcome
from workflows.billing.gateway import Gateway
from workflows.billing.gateway_events import events
from workflows.billing.reconciliation.differences import note_difference
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.invoices.credit_notes import credit_refund
from workflows.machines import CHARGE
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import WorkflowError

_PAID = ("succeeded", "partially_refunded", "refunded", "disputed")


class EventTooEarly(WorkflowError):
    """Raised when an event speaks of something that our books do not have yet. Its job runs again."""

    code = "event_too_early"


async def apply_gateway_event(marketplace_id: UUID, event_id: UUID, gateway: Gateway) -> None:
    """Does what follows from a stored event; nothing for one that was applied, or that concerns another marketplace.

    `gateway` is the one that sent it, perhaps no longer the marketplace's: payments stay with the gateway that took
    them. Raises EventTooEarly, InDoubt (a card that could not be read): the job is to run again.
    """
    row = await fetch_row("SELECT * FROM gateway_event WHERE marketplace_id = $1 AND id = $2", marketplace_id, event_id)
    if row is None or row["payload"] is None:
        return
    event = msgspec.convert(row["payload"], type=events.TYPES[row["type"]])
    marketplace = await marketplace_by_id(marketplace_id)
    if isinstance(event, events.CardSaved) and row["gateway"] == marketplace.gateway:
        # The card is read from the gateway first: no call goes out from inside a transaction.
        await save_hosted_card(marketplace, event.setup_reference, event.metadata, gateway)
    await _apply_once(msgspec.structs.replace(marketplace, gateway=row["gateway"]), event_id, event)


@retrying
async def _apply_once(marketplace: Marketplace, event_id: UUID, event: events.GatewayEvent) -> None:
    """`marketplace.gateway` is the one that sent it."""
    async with transaction():
        claimed = await execute(
            "UPDATE gateway_event SET payload = NULL WHERE marketplace_id = $1 AND id = $2 AND payload IS NOT NULL",
            marketplace.id,
            event_id,
        )
        if claimed:
            await _apply(marketplace, event)


async def _apply(marketplace: Marketplace, event: events.GatewayEvent) -> None:
    match event:
        case events.ChargeSettled():
            await _settle(marketplace, event)
        case events.RefundMade():
            await _refund(marketplace, event)
        case events.RefundFailed():
            await _differ(marketplace, event.gateway_reference, "state", "refunded", "refund failed")
        case events.DisputeOpened() | events.DisputeWon() | events.DisputeLost():
            await _dispute(marketplace, event)
        case events.CardUpdated():
            await execute(
                "UPDATE payment_method SET last_four = $3, exp_month = $4, exp_year = $5, fingerprint = $6"
                " WHERE marketplace_id = $1 AND reference = $2 AND gateway = $7",
                marketplace.id,
                event.card.reference,
                event.card.last_four,
                event.card.exp_month,
                event.card.exp_year,
                event.card.fingerprint,
                marketplace.gateway,
            )
        case _:  # a saved card was saved above; a removed one is refused when it is charged; the rest is nothing to us
            pass


async def _settle(marketplace: Marketplace, event: events.ChargeSettled) -> None:
    charge = await _charge(marketplace, event.gateway_reference, event.idempotency_key)
    if charge is None:
        return  # not made by Gatehouse, or another marketplace's
    theirs = (event.outcome.amount_minor, (event.outcome.currency or "").upper())
    if event.outcome.amount_minor is not None and theirs != (charge["amount_minor"], charge["currency"]):
        ours = f"{charge['amount_minor']} {charge['currency']}"
        await _differ(marketplace, event.gateway_reference, "amount", ours, f"{theirs[0]} {theirs[1]}", charge["id"])
    elif charge["state"] == "failed" and event.outcome.state == "succeeded":
        await _differ(marketplace, event.gateway_reference, "state", "failed", "succeeded", charge["id"])
    else:
        await record_outcome(marketplace.id, charge["id"], event.outcome)


async def _refund(marketplace: Marketplace, event: events.RefundMade) -> None:
    charge = await _charge(marketplace, event.gateway_reference, None, locked=True)
    if charge is None:
        return
    if charge["state"] in ("pending", "action_required"):
        raise EventTooEarly("a refund before the payment")
    pending = await fetch_value(
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM refund WHERE marketplace_id = $1 AND charge_id = $2"
        " AND status = 'pending'",
        marketplace.id,
        charge["id"],
    )
    # Ours, pending ones included, are recorded by their own job; what is above them was given back elsewhere.
    extra = event.refunded_minor - charge["refunded_minor"] - pending
    if extra <= 0:
        return
    if (
        charge["state"] not in ("succeeded", "partially_refunded", "disputed")
        or event.refunded_minor > charge["amount_minor"]
        or event.currency != charge["currency"]
    ):
        ours = f"{charge['state']}, {charge['refunded_minor']} {charge['currency']} refunded"
        theirs = f"{event.refunded_minor} {event.currency} refunded"
        await _differ(marketplace, event.gateway_reference, "state", ours, theirs, charge["id"])
        return
    by = Actor("gateway", marketplace.gateway)
    await fire(
        CHARGE,
        marketplace.id,
        charge["id"],
        "refund",
        Move(by, "refunded_at_gateway", {"amount_minor": extra}),
        add={"refunded_minor": extra},
        arguments={"refund_minor": extra},
    )
    await credit_refund(marketplace.id, charge["id"], extra, by)


async def _dispute(
    marketplace: Marketplace, event: events.DisputeOpened | events.DisputeWon | events.DisputeLost
) -> None:
    charge = await _charge(marketplace, event.gateway_reference, None, locked=True)
    if charge is None:
        return
    if charge["state"] not in _PAID:
        raise EventTooEarly("a dispute before the payment")
    by = Actor("gateway", marketplace.gateway)
    details = {"dispute": event.dispute_reference}
    if isinstance(event, events.DisputeOpened):
        if charge["state"] != "disputed" and not await _is_over(marketplace.id, event):
            await fire(CHARGE, marketplace.id, charge["id"], "dispute", Move(by, "dispute_opened", details))
    elif charge["state"] != "disputed":
        if not await _is_over(marketplace.id, event):
            raise EventTooEarly("a dispute's end before its beginning")
    elif isinstance(event, events.DisputeWon):
        await fire(CHARGE, marketplace.id, charge["id"], "win_dispute", Move(by, "dispute_won", details))


async def _is_over(marketplace_id: UUID, event: events.DisputeOpened | events.DisputeWon | events.DisputeLost) -> bool:
    """Whether another event has ended the same dispute: Stripe tells of one end twice, updated and closed."""
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM gateway_event WHERE marketplace_id = $1 AND subject = $2 AND event_id <> $3"
        " AND type IN ('DisputeWon', 'DisputeLost') AND payload IS NULL)",
        marketplace_id,
        event.dispute_reference,
        event.event_id,
    )


async def _charge(
    marketplace: Marketplace, gateway_reference: str, idempotency_key: str | None, *, locked: bool = False
) -> Record | None:
    """The charge of a payment. Two name the same where a customer confirmed what was given up: the paid one counts."""
    return await fetch_row(
        "SELECT * FROM charge WHERE marketplace_id = $1 AND (gateway_reference = $2 OR idempotency_key = $3)"
        " AND gateway = $4"
        " ORDER BY idempotency_key = $3 DESC NULLS LAST, state = 'failed' LIMIT 1" + (" FOR UPDATE" if locked else ""),
        marketplace.id,
        gateway_reference,
        idempotency_key,
        marketplace.gateway,
    )


async def _differ(
    marketplace: Marketplace, reference: str, kind: Any, ours: str, theirs: str, charge_id: UUID | None = None
) -> None:
    await note_difference(marketplace, reference=reference, kind=kind, ours=ours, theirs=theirs, charge_id=charge_id)
