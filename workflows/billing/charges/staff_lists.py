"""Money as its merchant looks through it: charges, invoices and refunds of the marketplace, those made last first.

A customer's own payment history is in history.py; what makes and moves these is elsewhere.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch, fetch_one
from workflows.marketplaces.short_numbers import id_in
from workflows.requests.pagination import Keyset, PageRequest, cursor, cut
from workflows.runtime.errors import NotFound


class ChargeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt to take money, of an order or of one of its subscription's periods. Amounts are in minor units.

    `subscription`, `customer` are their numbers, `invoice` is the number of the one in force.
    """

    id: UUID
    order_number: int
    subscription: int | None
    customer: int
    state: str
    initiator: str
    amount_minor: int
    refunded_minor: int
    currency: str
    period: int | None
    attempted_at: datetime
    paid_at: datetime | None
    decline_code: str | None
    invoice: str | None


class InvoiceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice or a credit note. `pdf_ready`: its document is rendered; imported ones are when somebody first asks.

    `earlier`: the invoice that a credit note takes back, or that a new invoice stands for.
    """

    id: UUID
    number: str
    kind: str
    state: str
    customer: int
    charge: UUID
    order_number: int
    total_minor: int
    currency: str
    issued_at: datetime
    earlier: str | None
    pdf_ready: bool


class RefundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back. `status` pending: the gateway has not answered yet, and is asked until it does."""

    id: UUID
    charge: UUID
    customer: int
    amount_minor: int
    currency: str
    status: str
    requested_at: datetime
    settled_at: datetime | None


class ChargePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of charges. Send `after` or `before` back for its neighbours; None where there is none."""

    charges: list[ChargeRecord]
    after: str | None
    before: str | None


class InvoicePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of invoices."""

    invoices: list[InvoiceRecord]
    after: str | None
    before: str | None


class RefundPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of refunds."""

    refunds: list[RefundRecord]
    after: str | None
    before: str | None


_CHARGE = """
SELECT page.id, page.order_number, subscription.number AS subscription, customer.number AS customer, page.state,
       page.initiator, page.amount_minor, page.refunded_minor, page.currency, page.period, page.attempted_at,
       page.paid_at, page.decline_code, invoice.number AS invoice
FROM ({rows}) AS page
JOIN customer ON customer.marketplace_id = page.marketplace_id AND customer.id = page.customer_id
LEFT JOIN subscription ON subscription.marketplace_id = page.marketplace_id AND subscription.id = page.subscription_id
LEFT JOIN invoice ON invoice.marketplace_id = page.marketplace_id AND invoice.charge_id = page.id
    AND invoice.kind = 'invoice' AND invoice.state = 'issued'
"""
_INVOICE = """
SELECT page.id, page.number, page.kind, page.state, customer.number AS customer, page.charge_id AS charge,
       charge.order_number, (page.snapshot ->> 'total_minor')::bigint AS total_minor, charge.currency, page.issued_at,
       page.snapshot -> 'earlier' ->> 'number' AS earlier,
       coalesce(document.state = 'rendered', false) AS pdf_ready
FROM ({rows}) AS page
JOIN customer ON customer.marketplace_id = page.marketplace_id AND customer.id = page.customer_id
JOIN charge ON charge.marketplace_id = page.marketplace_id AND charge.id = page.charge_id
LEFT JOIN document ON document.marketplace_id = page.marketplace_id AND document.invoice_id = page.id
"""
_REFUND = """
SELECT page.id, page.charge_id AS charge, customer.number AS customer, page.amount_minor, charge.currency, page.status,
       page.requested_at, page.settled_at
FROM ({rows}) AS page
JOIN charge ON charge.marketplace_id = page.marketplace_id AND charge.id = page.charge_id
JOIN customer ON customer.marketplace_id = charge.marketplace_id AND customer.id = charge.customer_id
"""


async def list_charges(marketplace_id: UUID, subscription: int | None, asked: PageRequest) -> ChargePage:
    """One page, of one subscription where its number is given. Raises InvalidInput for a cursor of another list."""
    of = (
        " AND page.subscription_id = (SELECT id FROM subscription WHERE marketplace_id = $1 AND number = $2)"
        if subscription is not None
        else ""
    )
    given = [marketplace_id] if subscription is None else [marketplace_id, subscription]
    rows, after, before = await _page("charge", _CHARGE, of, given, asked)
    return ChargePage(charges=[ChargeRecord(**row) for row in rows], after=after, before=before)


async def find_charge(marketplace_id: UUID, charge: str) -> ChargeRecord:
    """The charge of that id. Raises NotFound."""
    return await _one(ChargeRecord, "charge", _CHARGE, "page.id = $2", marketplace_id, id_in(charge))


async def list_invoices(marketplace_id: UUID, asked: PageRequest) -> InvoicePage:
    """One page. Raises InvalidInput for a cursor of another list."""
    rows, after, before = await _page("invoice", _INVOICE, "", [marketplace_id], asked)
    return InvoicePage(invoices=[InvoiceRecord(**row) for row in rows], after=after, before=before)


async def find_invoice(marketplace_id: UUID, number: str) -> InvoiceRecord:
    """The invoice of that number. Raises NotFound."""
    clean = None if "\0" in number else number  # PostgreSQL's text cannot hold it
    return await _one(InvoiceRecord, "invoice", _INVOICE, "page.number = $2", marketplace_id, clean)


async def list_refunds(marketplace_id: UUID, charge_id: UUID | None, asked: PageRequest) -> RefundPage:
    """One page, of one charge where its id is given. Raises InvalidInput for a cursor of another list."""
    of = "" if charge_id is None else " AND page.charge_id = $2"
    given = [marketplace_id] if charge_id is None else [marketplace_id, charge_id]
    rows, after, before = await _page("refund", _REFUND, of, given, asked)
    return RefundPage(refunds=[RefundRecord(**row) for row in rows], after=after, before=before)


async def find_refund(marketplace_id: UUID, refund: str) -> RefundRecord:
    """The refund of that id. Raises NotFound."""
    return await _one(RefundRecord, "refund", _REFUND, "page.id = $2", marketplace_id, id_in(refund))


async def _page(
    table: str, sql: str, of: str, given: list[Any], asked: PageRequest
) -> tuple[list[Any], str | None, str | None]:
    """The page is picked from the primary key alone, whose ids are in the order of making; its rows are joined."""
    keyset = Keyset(f"{table}s", ("page.id",), (UUID,), newest_first=True)
    rows = f"SELECT page.* FROM {table} AS page WHERE page.marketplace_id = $1{of} {{beyond}}"
    whole = sql.format(rows=f"{rows} ORDER BY {{order}} LIMIT {{limit}}")
    filled, arguments = keyset.fill(f"{whole} ORDER BY {{order}}", given, asked)
    page = cut(asked, await fetch(filled, *arguments), lambda row: cursor(keyset.name, [row["id"]]))
    return page.rows, page.after, page.before


async def _one(shape: Any, table: str, sql: str, condition: str, marketplace_id: UUID, value: object) -> Any:
    rows = f"SELECT page.* FROM {table} AS page WHERE page.marketplace_id = $1 AND {condition}"
    found = None if value is None else await fetch_one(shape, sql.format(rows=rows), marketplace_id, value)
    if found is None:
        raise NotFound(f"no such {table}")
    return found
