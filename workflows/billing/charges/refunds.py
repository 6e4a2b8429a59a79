"""Giving money back, in full or in part: never above what was paid, also when two ask at once.

The refund is committed before the gateway hears of it, and counts as given from then on; its id is the gateway's
idempotency key, so a repeated call gives nothing twice. A refund changes no subscription.
"""

from contextlib import suppress
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import Record, execute, fetch, fetch_row, fetch_value, transaction
from workflows.billing.charges.gateway_times import ANSWERS_WITHIN, SETTLED_BY_JOB_AFTER
from workflows.billing.gateway import Gateway, RefundRefused
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.engine.outbox import stage, unstage
from workflows.invoices.credit_notes import credit_refund
from workflows.machines import CHARGE
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt, InvalidInput, NotFound, TransitionRefused
from workflows.runtime.logs import logger

_REFUNDABLE = ("succeeded", "partially_refunded")
_LOG = logger(__name__)


class RefundShown(msgspec.Struct, frozen=True, kw_only=True):
    """A refund. `status` pending: the gateway has not answered yet, and is asked until it does."""

    id: UUID
    charge: UUID
    amount_minor: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]


async def refund_charge(
    marketplace: Marketplace,
    charge_id: UUID,
    amount_minor: int | None,
    gateway: Gateway,
    by: Actor,
    new_id: UUID | None = None,
) -> RefundShown:
    """Refunds `amount_minor` of a charge, all that is left of it when None. Must not be called in a transaction.

    With `new_id` the refund gets that id, and a refund that has it already is the answer: it happens once.

    Raises NotFound, InvalidInput (nothing or more than is left), TransitionRefused (failed, disputed, unpaid).
    """
    refund, safety_net = await _commit(marketplace, charge_id, amount_minor, by, new_id)
    with suppress(InDoubt):  # the job asks again; the answer says pending
        await settle_refund(marketplace.id, refund["id"], gateway)
        if safety_net is not None:
            await unstage(safety_net)
    row = await fetch_row(
        "SELECT refund.id, refund.charge_id AS charge, refund.amount_minor, charge.currency, refund.status FROM refund"
        " JOIN charge ON charge.marketplace_id = refund.marketplace_id AND charge.id = refund.charge_id"
        " WHERE refund.marketplace_id = $1 AND refund.id = $2",
        marketplace.id,
        refund["id"],
    )
    assert row is not None, "it was committed"
    return RefundShown(**row)


async def settle_refund(marketplace_id: UUID, refund_id: UUID, gateway: Gateway) -> None:
    """Puts a pending refund to the gateway and records its answer; harmless when it is settled. Raises InDoubt."""
    refund = await fetch_row(
        "SELECT refund.*, charge.gateway_reference FROM refund JOIN charge ON charge.marketplace_id ="
        " refund.marketplace_id AND charge.id = refund.charge_id WHERE refund.marketplace_id = $1 AND refund.id = $2",
        marketplace_id,
        refund_id,
    )
    if refund is None or refund["status"] != "pending":
        return
    try:
        await gateway.refund(refund["gateway_reference"], refund["amount_minor"], str(refund_id))
    except RefundRefused as refused:
        _LOG.warning("refund refused", refund=str(refund_id), charge=str(refund["charge_id"]), because=str(refused))
        await execute(
            "UPDATE refund SET status = 'failed', settled_at = $3 WHERE marketplace_id = $1 AND id = $2"
            " AND status = 'pending'",
            marketplace_id,
            refund_id,
            now(),
        )
        return
    await _record(marketplace_id, refund)


async def refunds_in_doubt() -> list[tuple[UUID, UUID]]:
    """(marketplace, refund) of refunds asked for a while ago and never settled, oldest first."""
    rows = await fetch(
        "SELECT marketplace_id, id FROM refund WHERE status = 'pending' AND requested_at < $1 ORDER BY requested_at",
        now() - ANSWERS_WITHIN,
    )
    return [(row["marketplace_id"], row["id"]) for row in rows]


async def _commit(
    marketplace: Marketplace, charge_id: UUID, amount_minor: int | None, by: Actor, new_id: UUID | None
) -> tuple[Record, int | None]:
    """Commits the pending refund, and the job that settles it should this process die over it; None: it has one."""
    async with transaction():
        charge = await fetch_row(
            "SELECT * FROM charge WHERE marketplace_id = $1 AND id = $2 FOR UPDATE", marketplace.id, charge_id
        )
        if charge is None:
            raise NotFound(f"no charge {charge_id}")
        known = await fetch_row(
            "SELECT * FROM refund WHERE marketplace_id = $1 AND charge_id = $2 AND id = $3",
            marketplace.id,
            charge_id,
            new_id,
        )
        if known is not None:
            return known, None
        if charge["state"] not in _REFUNDABLE:
            raise TransitionRefused("charge", charge_id, "refund", charge["state"], "no rule")
        pending = await fetch_value(
            "SELECT coalesce(sum(amount_minor), 0)::bigint FROM refund WHERE marketplace_id = $1 AND charge_id = $2"
            " AND status = 'pending'",
            marketplace.id,
            charge_id,
        )
        left = charge["amount_minor"] - charge["refunded_minor"] - pending
        amount = left if amount_minor is None else amount_minor
        if left > 0 and charge["gateway_reference"] is None:
            raise InvalidInput({"charge": "was not paid through this gateway as far as we know: give it back there."})
        if not 0 < amount <= left:
            allowed = f"must be 1 to {left}: what is left of this payment." if left else "finds nothing left to refund."
            raise InvalidInput({"amount_minor": allowed})
        refund = await fetch_row(
            "INSERT INTO refund (marketplace_id, charge_id, amount_minor, requested_by, id)"
            " VALUES ($1, $2, $3, $4, coalesce($5, uuidv7())) RETURNING *",
            marketplace.id,
            charge_id,
            amount,
            str(by),
            new_id,
        )
        assert refund is not None, "an INSERT answers with its row"
        safety_net = await stage("refund.settle", marketplace.id, now() + SETTLED_BY_JOB_AFTER, id=refund["id"])
        return refund, safety_net


async def _record(marketplace_id: UUID, refund: Any) -> None:
    async with transaction():
        settled = await execute(
            "UPDATE refund SET status = 'succeeded', settled_at = $3 WHERE marketplace_id = $1 AND id = $2"
            " AND status = 'pending'",
            marketplace_id,
            refund["id"],
            now(),
        )
        if not settled:
            return
        kind, _, who = refund["requested_by"].partition(":")
        by = Actor(kind, who)
        charge = await fire(
            CHARGE,
            marketplace_id,
            refund["charge_id"],
            "refund",
            Move(by, "refunded", {"refund_id": str(refund["id"]), "amount_minor": refund["amount_minor"]}),
            add={"refunded_minor": refund["amount_minor"]},
            arguments={"refund_minor": refund["amount_minor"]},
        )
        await _notify_customer(charge, refund)
        # Last of all: from its number to our end all others wait for theirs.
        await credit_refund(marketplace_id, charge["id"], refund["amount_minor"], by)


async def _notify_customer(charge: Record, refund: Any) -> None:
    told = await fetch_row(
        "SELECT customer.email, product.name AS product FROM customer_order"
        " JOIN customer ON customer.marketplace_id = customer_order.marketplace_id"
        " AND customer.id = customer_order.customer_id"
        " JOIN product ON product.marketplace_id = customer_order.marketplace_id"
        " AND product.id = customer_order.product_id"
        " WHERE customer_order.marketplace_id = $1 AND customer_order.id = $2",
        charge["marketplace_id"],
        charge["order_id"],
    )
    assert told is not None, "foreign keys hold it"
    await stage_email(
        charge["marketplace_id"],
        template="refund",
        recipient=told["email"],
        cause=f"refund:{refund['id']}",
        customer_id=charge["customer_id"],
        context={
            "product": told["product"],
            "order_number": charge["order_number"],
            "amount_minor": refund["amount_minor"],
            "currency": charge["currency"],
            "refunded_at": now().isoformat(),
        },
        by=Actor("worker", "refund.settle"),
    )
