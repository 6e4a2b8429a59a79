"""The payment history: keyset pages, each sort read from its own index, the millionth row as fast as the first.

A cursor is the sort's value and the id of the row it stands behind, tied to the sort that made it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import fetch
from workflows.languages.sentences import sentence
from workflows.runtime.errors import InvalidInput

PaymentSort = Literal["date", "price", "order", "status"]

Direction = Literal["asc", "desc"]

PAGE_SIZE = 25

# fmt: off
_COLUMNS: dict[PaymentSort, tuple[str, type]] = {
    "date":   ("paid_at",        datetime),
    "price":  ("amount_minor",   int),
    "order":  ("order_number",   int),
    "status": ("payment_status", str),
}
# fmt: on
_FARTHEST = 2**63 - 1
_BROKEN = sentence("This page link is broken: start again from the first page.")
_OF_ANOTHER_SORT = sentence("This page link belongs to another sort: start again from the first page.")


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
    if after is not None and before is not None:
        raise InvalidInput({"after": sentence("Give either after or before.")})
    backwards = before is not None
    opposite: Direction = "asc" if order == "desc" else "desc"
    direction = opposite if backwards else order
    rows = await _rows(marketplace_id, customer_id, sort, direction, before if backwards else after, page_size + 1)
    more, rows = len(rows) > page_size, rows[:page_size]
    if backwards:
        rows.reverse()
    return PaymentPage(
        payments=[_payment(row) for row in rows],
        sort=sort,
        order=order,
        after=_cursor(sort, rows[-1]) if rows and (more or backwards) else None,
        before=_cursor(sort, rows[0]) if rows and (after is not None or (backwards and more)) else None,
    )


async def _rows(
    marketplace_id: UUID, customer_id: UUID, sort: PaymentSort, direction: Direction, cursor: str | None, limit: int
) -> list[Any]:
    sql, arguments = page_statement(marketplace_id, customer_id, sort, direction, cursor, limit)
    return await fetch(sql, *arguments)


def page_statement(
    marketplace_id: UUID, customer_id: UUID, sort: PaymentSort, direction: Direction, cursor: str | None, limit: int
) -> tuple[str, list[Any]]:
    """The page's query and its arguments. Public so that a benchmark can ask the server what it reads.

    Raises InvalidInput for a cursor that this sort did not give.
    """
    column, compare = _COLUMNS[sort][0], ">" if direction == "asc" else "<"
    position = () if cursor is None else _position(sort, cursor)
    beyond = f" AND (charge.{column}, charge.id) {compare} ($4, $5)" if position else ""
    # The page is picked from the index alone; only its rows are joined.
    sql = (
        f"WITH page AS (SELECT * FROM charge WHERE marketplace_id = $1 AND customer_id = $2"
        f" AND payment_status IS NOT NULL{beyond} ORDER BY charge.{column} {direction}, charge.id {direction} LIMIT $3)"
        " SELECT page.id, page.paid_at, page.amount_minor, page.refunded_minor, page.currency, page.order_number,"
        " page.payment_status, product.name AS product, invoice.number AS invoice_number,"
        " coalesce(document.state = 'rendered', false) AS invoice_ready,"
        " ARRAY(SELECT note.number FROM invoice AS note WHERE note.marketplace_id = page.marketplace_id"
        " AND note.charge_id = page.id AND note.kind = 'credit_note' ORDER BY note.sequence) AS credit_notes"
        " FROM page"
        " JOIN customer_order ON customer_order.marketplace_id = page.marketplace_id"
        " AND customer_order.id = page.order_id"
        " JOIN product ON product.marketplace_id = page.marketplace_id AND product.id = customer_order.product_id"
        " LEFT JOIN invoice ON invoice.marketplace_id = page.marketplace_id AND invoice.charge_id = page.id"
        " AND invoice.kind = 'invoice' AND invoice.state = 'issued'"
        " LEFT JOIN document ON document.marketplace_id = page.marketplace_id AND document.invoice_id = invoice.id"
        f" ORDER BY page.{column} {direction}, page.id {direction}"
    )
    return sql, [marketplace_id, customer_id, limit, *position]


def _payment(row: Any) -> Payment:
    return Payment(
        id=row["id"],
        paid_at=row["paid_at"],
        amount_minor=row["amount_minor"],
        refunded_minor=row["refunded_minor"],
        currency=row["currency"],
        order_number=row["order_number"],
        status=row["payment_status"],
        product=row["product"],
        invoice_number=row["invoice_number"],
        invoice_ready=row["invoice_ready"],
        credit_notes=row["credit_notes"],
    )


def _cursor(sort: PaymentSort, row: Any) -> str:
    return cursor_at(sort, row[_COLUMNS[sort][0]], row["id"])


def cursor_at(sort: PaymentSort, value: Any, payment_id: UUID) -> str:
    """The cursor behind the payment that has this value in the sort's column."""
    return urlsafe_b64encode(msgspec.json.encode([sort, value, payment_id])).decode().rstrip("=")


def _position(sort: PaymentSort, cursor: str) -> tuple[Any, UUID]:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        made_by, value, row_id = msgspec.json.decode(raw, type=tuple[str, _COLUMNS[sort][1], UUID])
    except (ValueError, msgspec.MsgspecError):
        raise InvalidInput({"after": _BROKEN}) from None
    if made_by != sort or (isinstance(value, int) and abs(value) > _FARTHEST):
        raise InvalidInput({"after": _OF_ANOTHER_SORT})
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidInput({"after": _BROKEN})
    return value, row_id
