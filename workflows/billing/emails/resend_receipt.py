"""Resend Receipt: staff send the receipt of a payment once more, to the customer's present address (PRODUCT.md 3.5)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models.database import Record, fetch_row, transaction
from workflows.customers.addresses import lock_customer
from workflows.emails.delivery.stage import stage_email
from workflows.emails.delivery.suppression import refuse_undeliverable
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, TooManyRequests, TransitionRefused

RESENT_PER_HOUR = 5  # of one payment: enough for a customer on the telephone, too few to annoy anybody with
_HOUR = timedelta(hours=1)

_PAYMENT = """
SELECT charge.*, product.name AS product, subscription.number AS subscription_number,
       subscription.interval_unit, subscription.interval_count, invoice.number AS invoice_number,
       card.brand AS card_brand, card.last_four AS card_last_four
FROM charge
JOIN customer_order ON customer_order.marketplace_id = charge.marketplace_id AND customer_order.id = charge.order_id
JOIN product ON product.marketplace_id = charge.marketplace_id AND product.id = customer_order.product_id
LEFT JOIN subscription ON subscription.marketplace_id = charge.marketplace_id
    AND subscription.id = charge.subscription_id
LEFT JOIN invoice ON invoice.marketplace_id = charge.marketplace_id AND invoice.charge_id = charge.id
    AND invoice.kind = 'invoice' AND invoice.state = 'issued'
LEFT JOIN payment_method AS card ON card.marketplace_id = charge.marketplace_id AND card.id = charge.payment_method_id
WHERE charge.marketplace_id = $1 AND charge.id = $2
"""


async def resend_receipt(marketplace: Marketplace, charge_id: UUID, by: Actor, new_id: UUID | None = None) -> str:
    """Stages the e-mail and answers with the address that it goes to. `new_id` names the request: done twice, one goes.

    Raises NotFound, TransitionRefused (no money moved), AddressUndeliverable, TooManyRequests past five in an hour.
    """
    async with transaction():
        payment = await fetch_row(_PAYMENT, marketplace.id, charge_id)
        customer = None if payment is None else await lock_customer(marketplace.id, payment["customer_id"])
        if payment is None or customer is None:
            raise NotFound(f"no charge {charge_id}")
        if payment["payment_status"] is None:
            raise TransitionRefused("charge", charge_id, "resend_receipt", payment["state"], "no rule")
        refuse_undeliverable(customer)
        again = await _times_resent(payment) + 1
        template = "order_receipt" if _is_of_order(payment) else "renewal_receipt"
        await stage_email(
            marketplace.id,
            template=template,
            recipient=customer["email"],
            cause=f"receipt:{charge_id}:{new_id or again}",
            customer_id=customer["id"],
            context=_context(payment),
            by=by,
        )
    return customer["email"]


def _is_of_order(payment: Record) -> bool:
    return payment["subscription_id"] is None or payment["initiator"] == "order"


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


def _context(payment: Record) -> dict[str, Any]:
    """What both templates know of a payment; what is not there is left out."""
    facts = {
        name: payment[name]
        for name in (
            "product",
            "order_number",
            "amount_minor",
            "currency",
            "subscription_number",
            "invoice_number",
            "card_brand",
            "card_last_four",
        )
    }
    if _is_of_order(payment) and payment["subscription_id"] is not None:
        facts |= {name: payment[name] for name in ("interval_unit", "interval_count")}
    return {name: value for name, value in facts.items() if value is not None} | {
        "paid_at": payment["paid_at"].isoformat()
    }
