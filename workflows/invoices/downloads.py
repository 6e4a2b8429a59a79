"""An invoice's PDF for its customer: never made on the request; asked for, when nobody has yet."""

from datetime import timedelta
from uuid import UUID

import msgspec

from models.database import fetch_row, fetch_value
from workflows.engine.actor import Actor
from workflows.invoices.issue import request_document
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound

_ASK_AGAIN_AFTER = timedelta(minutes=10)  # a PDF that was given up is not tried again at every reload


class DocumentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice's or credit note's PDF: `requested` is being prepared, `rendered` is there, `failed` was given up."""

    number: str
    state: str


class InvoiceFile(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice's PDF; `pdf` None while it is being prepared, `failed` when preparing it was given up."""

    number: str
    pdf: bytes | None
    failed: bool


async def invoice_file(
    marketplace_id: UUID, customer_id: UUID | None, number: str, by: Actor | None = None
) -> InvoiceFile:
    """The customer's invoice of that number; without one, any of the marketplace's, asked for `by` its staff. Raises
    NotFound, also for another customer's.

    Imported ones are rendered when first asked for: until then `pdf` is None.
    """
    if "\0" in number:  # PostgreSQL's text cannot hold it
        raise NotFound("no such invoice")
    row = await fetch_row(
        "SELECT invoice.id, invoice.customer_id, document.state, document.moved_at, file.pdf FROM invoice"
        " LEFT JOIN document ON document.marketplace_id = invoice.marketplace_id AND document.invoice_id = invoice.id"
        " LEFT JOIN document_file AS file ON file.marketplace_id = document.marketplace_id"
        " AND file.document_id = document.id"
        " WHERE invoice.marketplace_id = $1 AND ($2::uuid IS NULL OR invoice.customer_id = $2) AND invoice.number = $3",
        marketplace_id,
        customer_id,
        number,
    )
    if row is None:
        raise NotFound(f"no invoice {number}")
    given_up = row["state"] == "failed" and row["moved_at"] > now() - _ASK_AGAIN_AFTER
    if row["pdf"] is None and row["state"] != "requested" and not given_up:
        await request_document(marketplace_id, row["id"], by or Actor("customer", row["customer_id"]))
    return InvoiceFile(number=number, pdf=row["pdf"], failed=given_up)


async def ask_again(marketplace_id: UUID, number: str, by: Actor) -> DocumentRequest:
    """Staff ask for an invoice's PDF, also right after it was given up. Raises NotFound."""
    invoice = None
    if "\0" not in number:  # PostgreSQL's text cannot hold it
        invoice = await fetch_row(
            "SELECT id FROM invoice WHERE marketplace_id = $1 AND number = $2", marketplace_id, number
        )
    if invoice is None:
        raise NotFound(f"no invoice {number}")
    await request_document(marketplace_id, invoice["id"], by)
    state = await fetch_value(
        "SELECT state FROM document WHERE marketplace_id = $1 AND invoice_id = $2", marketplace_id, invoice["id"]
    )
    return DocumentRequest(number=number, state=state)
