"""Issuing invoices: a snapshot of what was sold and paid, under a number without gaps, in the payment's transaction.

What an invoice says is in workflows/invoices/snapshot.py, its number in
workflows/invoices/invoice_numbers.py, its PDF in workflows/invoices/documents.py;
what takes one back is in workflows/invoices/credit_notes.py.
"""

from typing import Any
from uuid import UUID

from models.database import fetch_row, fetch_value
from workflows.engine.actor import Actor
from workflows.engine.fire import Move
from workflows.invoices.documents import render_document, request_document
from workflows.invoices.invoice_numbers import issue_numbered
from workflows.invoices.snapshot_sql import SNAPSHOT_FROM, snapshot_sql
from workflows.runtime.errors import NotFound

__all__ = ["issue_invoice", "render_document", "request_document"]

_NUMBERED_LATER = "''"
_DRAFT = (
    "SELECT charge.customer_id, charge.paid_at, marketplace.invoice_prefix,"
    f" {snapshot_sql(_NUMBERED_LATER)} AS snapshot {SNAPSHOT_FROM}"
    " WHERE charge.marketplace_id = $1 AND charge.id = $2 AND charge.paid_at IS NOT NULL"
)


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
    invoice: dict[str, Any] = {
        "marketplace_id": marketplace_id,
        "customer_id": draft["customer_id"],
        "charge_id": charge_id,
        "snapshot": draft["snapshot"],
        "issued_at": draft["paid_at"],
    }
    move = Move(by, "charge_paid", {"charge_id": str(charge_id)})
    return (await issue_numbered("invoice", draft["invoice_prefix"], invoice, move))["id"]


async def _already_issued(marketplace_id: UUID, charge_id: UUID) -> UUID | None:
    return await fetch_value(
        "SELECT id FROM invoice WHERE marketplace_id = $1 AND charge_id = $2 AND kind = 'invoice' AND state = 'issued'",
        marketplace_id,
        charge_id,
    )
