"""The payment history: keyset pages, each sort read from its own index, the millionth row as fast as the first.

A cursor holds the sort's value and the id of a payment, and is valid for the sort that made it.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import fetch_all
from workflows.languages.sentences import sentence
from workflows.requests.pagination import PAGE_SIZE, Keyset, PageRequest, cursor, cut

PaymentSort = Literal["date", "price", "order", "status"]

Direction = Literal["asc", "desc"]

# fmt: off
# A column, the field of Payment that holds it, and its type.
_SORTED_BY: dict[PaymentSort, tuple[str, str, type]] = {
    "date":   ("paid_at",        "paid_at",      datetime),
    "price":  ("amount_minor",   "amount_minor", int),
    "order":  ("order_number",   "order_number", int),
    "status": ("payment_status", "status",       str),
}
# fmt: on
_OF_ANOTHER_SORT = sentence("This page link belongs to another sort: start again from the first page.")


# The page is picked from the index alone; only its rows are joined.
_PAGE = """
SELECT page.id, page.paid_at, page.amount_minor, page.refunded_minor, page.currency, page.order_number,
       page.payment_status AS status, product.name AS product, invoice.number AS invoice_number,
       coalesce(document.state = 'rendered', false) AS invoice_ready,
       ARRAY(SELECT note.number FROM invoice AS note WHERE note.marketplace_id = page.marketplace_id
             AND note.charge_id = page.id AND note.kind = 'credit_note' ORDER BY note.sequence) AS credit_notes
FROM (
    SELECT page.* FROM charge AS page
    WHERE page.marketplace_id = $1 AND page.customer_id = $2 AND page.payment_status IS NOT NULL {beyond}
    ORDER BY {order} LIMIT {limit}
) AS page
JOIN customer_order ON customer_order.marketplace_id = page.marketplace_id AND customer_order.id = page.order_id
JOIN product ON product.marketplace_id = page.marketplace_id AND product.id = customer_order.product_id
LEFT JOIN invoice ON invoice.marketplace_id = page.marketplace_id AND invoice.charge_id = page.id
    AND invoice.kind = 'invoice' AND invoice.state = 'issued'
LEFT JOIN document ON document.marketplace_id = page.marketplace_id AND document.invoice_id = invoice.id
ORDER BY {order}
"""


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the payment history. `invoice_number`: the invoice that counts; None: none was ever made for it.

    `credit_notes`: the numbers of those that took it or its forerunners back, the first first.
    """

    id: UUID
    paid_at: datetime
    amount_minor: int
    refunded_minor: int
    currency: str
    order_number: int
    status: Literal["paid", "refunded", "partially refunded", "disputed"]
    product: str
    invoice_number: str | None
    invoice_ready: bool  # its PDF is rendered
    credit_notes: list[str]


class PaymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of it. `after` leads to the next page, `before` to the previous one; None where there is none."""

    payments: list[Payment]
    sort: PaymentSort
    order: Direction
    after: str | None
    before: str | None


async def list_payments(
    marketplace_id: UUID,
    customer_id: UUID,
    sort: PaymentSort = "date",
    order: Direction = "desc",
    after: str | None = None,
    before: str | None = None,
    page_size: int = PAGE_SIZE,
) -> PaymentPage:
    """One page of the customer's payments. Raises InvalidInput for a cursor that this sort did not give."""
    asked = PageRequest(after=after, before=before, limit=page_size)
    sql, arguments = page_statement(marketplace_id, customer_id, sort, order, asked)
    field = _SORTED_BY[sort][1]
    found = await fetch_all(Payment, sql, *arguments)
    page = cut(asked, found, lambda payment: cursor(sort, (getattr(payment, field), payment.id)))
    return PaymentPage(payments=page.rows, sort=sort, order=order, after=page.after, before=page.before)


def page_statement(
    marketplace_id: UUID, customer_id: UUID, sort: PaymentSort, order: Direction, asked: PageRequest
) -> tuple[str, list[Any]]:
    """The page's query and its arguments. Public so that a benchmark can explain it.

    Raises InvalidInput for a cursor that this sort did not give.
    """
    column, _, value = _SORTED_BY[sort]
    keyset = Keyset(sort, (f"page.{column}", "page.id"), (value, UUID), order == "desc", _OF_ANOTHER_SORT)
    return keyset.fill(_PAGE, (marketplace_id, customer_id), asked)
