"""Issuing invoices: a snapshot of what was sold and paid, under a number without gaps, in the payment's transaction.

What an invoice says is in workflows/invoice_snapshot.py, its PDF in workflows/documents.py.
"""

from uuid import UUID

from models.database import Record, fetch_row, fetch_value
from workflows.actor import Actor
from workflows.documents import render_document, request_document
from workflows.errors import NotFound
from workflows.fire import Move
from workflows.invoice_snapshot import SNAPSHOT_FROM, snapshot_sql
from workflows.machines import DOCUMENT, INVOICE
from workflows.move_sql import creation_from, made_for_each

__all__ = ["issue_invoice", "render_document", "request_document"]

_DIGITS = 6
_NUMBERED_LATER = "''"
_DRAFT = (
    "SELECT charge.customer_id, charge.paid_at, marketplace.invoice_prefix,"
    f" {snapshot_sql(_NUMBERED_LATER)} AS snapshot {SNAPSHOT_FROM}"
    " WHERE charge.marketplace_id = $1 AND charge.id = $2 AND charge.paid_at IS NOT NULL"
)

# The number, the invoice that bears it and its document in one round trip: whoever comes next waits from here until the
# transaction ends. A number begins with a letter or a figure and has so many digits or more; one that an imported
# invoice already bears is passed over: it is taken, not missing.
_NUMBERED = """
counted AS (
    INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($7, 'invoice', 1)
    ON CONFLICT (marketplace_id, series) DO UPDATE SET last_number = series.last_number + 1 RETURNING last_number
), numbered AS (
    SELECT last_number, $8::text || lpad(last_number::text, greatest($9, length(last_number::text)), '0') AS number
    FROM counted
)"""
_FREE = (
    "numbered WHERE NOT EXISTS (SELECT FROM invoice AS other WHERE other.marketplace_id = $7"
    " AND other.number = numbered.number)"
)
_COLUMNS = (
    ("marketplace_id", "$7"),
    ("customer_id", "$10"),
    ("charge_id", "$11"),
    ("number", "numbered.number"),
    ("sequence", "numbered.last_number"),
    ("snapshot", "$12::jsonb || jsonb_build_object('number', numbered.number)"),
    ("issued_at", "$13"),
)
_DOCUMENT = made_for_each(DOCUMENT, "invoice_issued", (("marketplace_id", "marketplace_id"), ("invoice_id", "id")))


async def issue_invoice(marketplace_id: UUID, charge_id: UUID, by: Actor) -> UUID:
    """Issues the invoice of a paid charge in the caller's transaction, asks for its PDF, and answers with its id.

    Call it last: from here until the transaction ends, no other invoice of the marketplace can be numbered. The same
    charge again answers with the same invoice. Raises NotFound where no such charge was paid.
    """
    if (issued := await _already_issued(marketplace_id, charge_id)) is not None:
        return issued
    draft = await fetch_row(_DRAFT, marketplace_id, charge_id)
    if draft is None:
        raise NotFound(f"no paid charge {charge_id}")
    return await _issue(marketplace_id, charge_id, draft, Move(by, "charge_paid", {"charge_id": str(charge_id)}))


async def _already_issued(marketplace_id: UUID, charge_id: UUID) -> UUID | None:
    return await fetch_value(
        "SELECT id FROM invoice WHERE marketplace_id = $1 AND charge_id = $2 AND kind = 'invoice' AND state = 'issued'",
        marketplace_id,
        charge_id,
    )


async def _issue(marketplace_id: UUID, charge_id: UUID, draft: Record, move: Move) -> UUID:
    """Under the next number of the series: gapless, since it is given back when the transaction is rolled back."""
    sql = creation_from(INVOICE, "issue", _COLUMNS, _NUMBERED, _FREE, _DOCUMENT)
    values = (draft["invoice_prefix"].lstrip("-"), _DIGITS, draft["customer_id"], charge_id, draft["snapshot"])
    while True:
        issued = await fetch_row(
            sql, INVOICE.initial, "issue", *move.columns(), marketplace_id, *values, draft["paid_at"]
        )
        if issued is not None:
            return issued["id"]
