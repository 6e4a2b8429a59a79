"""Resend Receipt: staff send the receipt of a payment once more, to the customer's present address (PRODUCT.md 3.5).

It says what the first one said.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models.database import Record, fetch_row, fetch_value, transaction
from workflows.billing.emails.receipts import Receipt, receipt_of
from workflows.customers.addresses import lock_customer
from workflows.emails.delivery.stage import stage_email
from workflows.emails.delivery.suppression import refuse_undeliverable
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, TooManyRequests, TransitionRefused

RESENT_PER_HOUR = 5  # of one payment: enough for a customer on the telephone, too few to annoy anybody with
_HOUR = timedelta(hours=1)


async def resend_receipt(marketplace: Marketplace, charge_id: UUID, by: Actor, new_id: UUID | None = None) -> str:
    """Stages the e-mail and answers with the address that it goes to. `new_id` names the request: done twice, one goes.

    Raises NotFound, TransitionRefused (no money moved), AddressUndeliverable, TooManyRequests past five in an hour.
    """
    async with transaction():
        payment = await fetch_row(
            "SELECT * FROM charge WHERE marketplace_id = $1 AND id = $2", marketplace.id, charge_id
        )
        customer = None if payment is None else await lock_customer(marketplace.id, payment["customer_id"])
        if payment is None or customer is None:
            raise NotFound(f"no charge {charge_id}")
        if payment["payment_status"] is None:
            raise TransitionRefused("charge", charge_id, "resend_receipt", payment["state"], "no rule")
        refuse_undeliverable(customer)
        again = await _times_resent(payment) + 1
        receipt = await receipt_of(marketplace, payment)
        await stage_email(
            marketplace.id,
            template=receipt.template,
            recipient=receipt.recipient,
            cause=f"receipt:{charge_id}:{new_id or again}",
            customer_id=customer["id"],
            context=await _first_context(receipt, marketplace.id) or receipt.context,
            by=by,
        )
    return customer["email"]


async def _times_resent(payment: Record) -> int:
    """How often before. The customer's row is locked: two at once are counted one after the other."""
    rows = await fetch_row(
        "SELECT count(*) AS ever, count(*) FILTER (WHERE created_at > $3) AS lately FROM outgoing_email"
        " WHERE marketplace_id = $1 AND customer_id = $2 AND starts_with(cause, 'receipt:' || $4::uuid || ':')",
        payment["marketplace_id"],
        payment["customer_id"],
        now() - _HOUR,
        payment["id"],
    )
    assert rows is not None, "a count answers"
    if rows["lately"] >= RESENT_PER_HOUR:
        raise TooManyRequests("receipts of this payment", int(_HOUR.total_seconds()))
    return rows["ever"]


async def _first_context(receipt: Receipt, marketplace_id: UUID) -> dict[str, Any] | None:
    """What the first one said; None when that was deleted (90 days), or none was sent: an imported payment's."""
    return await fetch_value(
        "SELECT context FROM outgoing_email WHERE marketplace_id = $1 AND customer_id = $2 AND cause = $3"
        " AND template = $4 AND context <> '{}' ORDER BY created_at LIMIT 1",
        marketplace_id,
        receipt.customer_id,
        receipt.cause,
        receipt.template,
    )
