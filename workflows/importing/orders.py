"""Orders: who bought what, when, for how much. Whether it was paid is a charge's business."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from models.database import Record, execute, fetch
from workflows.importing.fields import Fields
from workflows.importing.kind import Kind
from workflows.importing.known_rows import as_known, column_of, compare_with_known, one
from workflows.importing.shapes import Place, Problem, Verdict

_COLUMNS = ("quantity", "amount_minor", "currency", "placed_at")


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order; `customer` and `product` are references, `amount_minor` the whole order's."""

    reference: str
    customer: str
    product: str
    quantity: int
    amount_minor: int
    currency: str
    placed_at: datetime


def read(fields: Fields) -> OrderRow:
    """Reads a row; notes what is wrong in `fields.problems`."""
    currency = fields.currency()
    return OrderRow(
        reference=fields.reference(),
        customer=fields.reference("customer"),
        product=fields.reference("product"),
        quantity=fields.integer("quantity", 1, 1_000_000, default=1),
        amount_minor=fields.amount("amount", currency),
        currency=currency,
        placed_at=fields.moment("placed_at"),
    )


async def settle(place: Place, rows: Sequence[OrderRow]) -> list[Verdict]:
    """Stores the orders whose reference is new and whose customer and product are known."""
    found = await fetch(_KNOWN, place.id, *(column_of(rows, name) for name in ("reference", "customer", "product")))
    verdicts: list[Verdict] = [_judge(row, known) for row, known in zip(rows, found, strict=True)]
    new = [(row, known) for row, known, verdict in zip(rows, found, verdicts, strict=True) if verdict == "new"]
    if new:
        first = await place.numbers.take("order", len(new))
        orders = [row for row, _ in new]
        await execute(
            _INSERT,
            place.id,
            first,
            column_of(orders, "reference"),
            [known["customer_id"] for _, known in new],
            [known["product_id"] for _, known in new],
            *(column_of(orders, name) for name in _COLUMNS),
        )
    return verdicts


def _judge(row: OrderRow, found: Record) -> Verdict:
    if found["customer_id"] is None:
        return Problem("customer", f"is no known customer's reference: {row.customer}")
    if found["product_id"] is None:
        return Problem("product", f"is no known product's reference: {row.product}")
    if found["known_id"] is None:
        return "new"
    return compare_with_known(row, found, _COLUMNS, references=("customer", "product"))


_KNOWN = f"""
SELECT customer.id AS customer_id, product.id AS product_id,
       {as_known("known", ("id", "customer_id", "product_id", *_COLUMNS))}
FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS given (reference, customer, product, place)
{one("customer", "customer", "customer.reference = given.customer")}
{one("product", "product", "product.reference = given.product")}
{one("customer_order", "known", "known.reference = given.reference")}
ORDER BY given.place
"""

_INSERT = """
INSERT INTO customer_order (marketplace_id, number, reference, customer_id, product_id, quantity, amount_minor,
                            currency, placed_at)
SELECT $1, $2 + place - 1, reference, customer_id, product_id, quantity, amount_minor, currency, placed_at
FROM unnest($3::text[], $4::uuid[], $5::uuid[], $6::int[], $7::bigint[], $8::text[], $9::timestamptz[])
     WITH ORDINALITY AS given (reference, customer_id, product_id, quantity, amount_minor, currency, placed_at, place)
"""

ORDERS = Kind(
    name="orders",
    required=("reference", "customer", "product", "amount", "currency", "placed_at"),
    optional=("quantity",),
    read=read,
    keys=lambda row: [row.reference],
    settle=settle,
)
