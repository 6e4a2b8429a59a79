"""What an invoice says, for ever: the shape of `invoice.snapshot`, and the SQL that takes it from the rows of today.

One shape, one query: invoices of the day and imported ones are built by the same expression.

    INSERT INTO invoice (…, snapshot, …) SELECT …, {snapshot_sql("row.number")}, … {SNAPSHOT_FROM} WHERE charge.…

As JSON: {"version": 1, "kind": "invoice", "number", "order_number", "subscription_number" | null,
"currency", "total_minor", "paid_at", "lines": [{"description", "quantity", "unit_minor" | null, "total_minor"}],
"seller": {"name", "address", "country", "tax_id", "email"}, "buyer": the same,
"payment": {"brand", "last_four"} | null, "logo_digest" | null, "locale" | null, "time_zone"}.
A later version adds fields with defaults, or gets a number and a reader of its own; stored ones are never rewritten.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Seller or buyer. `address` has line feeds, `country` is ISO 3166-1 or None."""

    name: str
    address: str
    country: str | None
    tax_id: str | None
    email: str | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing sold. `unit_minor` None: the total cannot be divided evenly among the quantity."""

    description: str
    quantity: int
    unit_minor: int | None
    total_minor: int


class PaidBy(msgspec.Struct, frozen=True, kw_only=True):
    """The card that paid."""

    brand: str
    last_four: str


class InvoiceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the document shows. Amounts are minor units of `currency`; `paid_at` is an aware instant."""

    version: Literal[1]
    kind: Literal["invoice"]
    number: str
    order_number: int
    subscription_number: int | None
    currency: str
    total_minor: int
    paid_at: datetime
    lines: list[Line]
    seller: Party
    buyer: Party
    payment: PaidBy | None
    logo_digest: str | None
    locale: str | None
    time_zone: str


def read_snapshot(stored: Any) -> InvoiceSnapshot:
    """A snapshot from its JSON. Raises msgspec.ValidationError for one that this version cannot read."""
    return msgspec.convert(stored, InvoiceSnapshot)


SNAPSHOT_FROM = """
FROM charge
JOIN marketplace ON marketplace.id = charge.marketplace_id
JOIN customer ON customer.marketplace_id = charge.marketplace_id AND customer.id = charge.customer_id
JOIN customer_order ON customer_order.marketplace_id = charge.marketplace_id AND customer_order.id = charge.order_id
JOIN product ON product.marketplace_id = customer_order.marketplace_id AND product.id = customer_order.product_id
LEFT JOIN subscription ON subscription.marketplace_id = charge.marketplace_id
    AND subscription.id = charge.subscription_id
LEFT JOIN payment_method AS card ON card.marketplace_id = charge.marketplace_id AND card.id = charge.payment_method_id
"""


def snapshot_sql(number: str) -> str:
    """The snapshot of the charge in SNAPSHOT_FROM, as a jsonb expression; `number` is SQL for the invoice's number."""
    return f"""jsonb_build_object(
        'version', 1, 'kind', 'invoice', 'number', ({number})::text,
        'order_number', charge.order_number, 'subscription_number', subscription.number,
        'currency', charge.currency, 'total_minor', charge.amount_minor, 'paid_at', charge.paid_at,
        'lines', jsonb_build_array(jsonb_build_object(
            'description', product.name, 'quantity', customer_order.quantity,
            'unit_minor', CASE WHEN charge.amount_minor % customer_order.quantity = 0
                               THEN charge.amount_minor / customer_order.quantity END,
            'total_minor', charge.amount_minor)),
        'seller', jsonb_build_object('name', marketplace.name, 'address', marketplace.address,
            'country', marketplace.country, 'tax_id', marketplace.tax_id, 'email', marketplace.support_email),
        'buyer', jsonb_build_object('name', customer.name, 'address', customer.address,
            'country', customer.country, 'tax_id', customer.tax_id, 'email', customer.email),
        'payment', CASE WHEN card.id IS NOT NULL THEN
            jsonb_build_object('brand', card.brand, 'last_four', card.last_four) END,
        'logo_digest', marketplace.logo_digest, 'locale', customer.locale, 'time_zone', marketplace.time_zone)"""
