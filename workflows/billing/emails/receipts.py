"""The receipt of a renewal: what was paid with which card, and what comes next. Orders' are in order_fulfilment.py."""

from datetime import datetime
from typing import Any

from models.database import Record, fetch_row
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace

_TOLD = """
SELECT customer.email, customer.id AS customer_id, product.name AS product, subscription.number AS subscription_number,
       card.brand AS card_brand, card.last_four AS card_last_four,
       CASE WHEN subscription.state = 'active' THEN subscription.next_charge_at END AS next_charge_at,
       CASE WHEN subscription.payments_total IS NOT NULL THEN subscription.payments_made END AS payment_number,
       subscription.payments_total
FROM subscription
JOIN customer ON customer.marketplace_id = subscription.marketplace_id AND customer.id = subscription.customer_id
JOIN product ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id
LEFT JOIN payment_method AS card ON card.marketplace_id = subscription.marketplace_id AND card.id = $3
WHERE subscription.marketplace_id = $1 AND subscription.id = $2
"""
_IF_KNOWN = ("card_brand", "card_last_four", "payment_number", "payments_total")


async def send_renewal_receipt(marketplace: Marketplace, charge: Record, paid_at: datetime) -> None:
    """Stages it in the transaction that counted the payment, so that it says what is due next and which payment of
    how many this was."""
    told = await fetch_row(_TOLD, marketplace.id, charge["subscription_id"], charge["payment_method_id"])
    assert told is not None, "a foreign key holds it"
    context: dict[str, Any] = {
        "product": told["product"],
        "subscription_number": told["subscription_number"],
        "order_number": charge["order_number"],
        "amount_minor": charge["amount_minor"],
        "currency": charge["currency"],
        "paid_at": paid_at.isoformat(),
    }
    context |= {name: told[name] for name in _IF_KNOWN if told[name] is not None}
    if told["next_charge_at"] is not None:
        context["next_charge_at"] = told["next_charge_at"].isoformat()
    await stage_email(
        marketplace.id,
        template="renewal_receipt",
        recipient=told["email"],
        cause=f"charge:{charge['id']}",
        customer_id=told["customer_id"],
        context=context,
        by=Actor("gateway", charge["gateway"]),
    )
