"""Issuing invoices: a snapshot of what was sold and paid, under a number without gaps, in the payment's transaction.

What an invoice says is in workflows/invoice_snapshot.py, its PDF in workflows/documents.py.
"""

from typing import Any
from uuid import UUID

from models.database import fetch_row, fetch_value, transaction
from workflows.actor import Actor
from workflows.documents import render_document, request_document
from workflows.errors import NotFound
from workflows.fire import Move, create
from workflows.invoice_snapshot import SNAPSHOT_FROM, snapshot_sql
from workflows.machines import DOCUMENT, INVOICE

__all__ = ["issue_invoice", "render_document", "request_document"]

_DIGITS = 6
_NUMBERED_LATER = "''"
_DRAFT = (
    "SELECT charge.customer_id, charge.paid_at, marketplace.invoice_prefix,"
    f" {snapshot_sql(_NUMBERED_LATER)} AS snapshot {SNAPSHOT_FROM}"
    " WHERE charge.marketplace_id = $1 AND charge.id = $2 AND charge.paid_at IS NOT NULL"
)

# In one round trip: whoever comes next waits from here until the transaction ends. The number begins with a letter or
# a figure, and has so many digits or more.
_NEXT_NUMBER = """
WITH counted AS (
    INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($1, 'invoice', 1)
    ON CONFLICT (marketplace_id, series) DO UPDATE SET last_number = series.last_number + 1 RETURNING last_number
), written AS (
    SELECT last_number, $2::text || lpad(last_number::text, greatest($3::int, length(last_number::text)), '0') AS number
    FROM counted
)
SELECT last_number, number,
       EXISTS (SELECT FROM invoice WHERE marketplace_id = $1 AND invoice.number = written.number) AS taken
FROM written
"""


async def issue_invoice(marketplace_id: UUID, charge_id: UUID, by: Actor) -> UUID:
    """Issues the invoice of a paid charge in the caller's transaction, asks for its PDF, and answers with its id.

    Call it last: from here until the transaction ends, no other invoice of the marketplace can be numbered. The same
    charge again answers with the same invoice. Raises NotFound where no such charge was paid.
    """
    async with transaction():
        if (issued := await _already_issued(marketplace_id, charge_id)) is not None:
            return issued
        draft = await fetch_row(_DRAFT, marketplace_id, charge_id)
        if draft is None:
            raise NotFound(f"no paid charge {charge_id}")
        sequence, number = await _take_number(marketplace_id, draft["invoice_prefix"])
        invoice = await create(
            INVOICE,
            {
                "marketplace_id": marketplace_id,
                "customer_id": draft["customer_id"],
                "charge_id": charge_id,
                "number": number,
                "sequence": sequence,
                "snapshot": {**draft["snapshot"], "number": number},
                "issued_at": draft["paid_at"],
            },
            Move(by, "charge_paid", {"charge_id": str(charge_id)}),
        )
        asked = {"marketplace_id": marketplace_id, "invoice_id": invoice["id"]}
        await create(DOCUMENT, asked, Move(by, "invoice_issued"))
    return invoice["id"]


async def _already_issued(marketplace_id: UUID, charge_id: UUID) -> UUID | None:
    return await fetch_value(
        "SELECT id FROM invoice WHERE marketplace_id = $1 AND charge_id = $2 AND kind = 'invoice' AND state = 'issued'",
        marketplace_id,
        charge_id,
    )


async def _take_number(marketplace_id: UUID, prefix: str) -> tuple[int, str]:
    """The next number of the series: gapless, since it is given back when the transaction is rolled back.

    A number that an imported invoice already bears is passed over: it is taken, not missing.
    """
    while True:
        row: Any = await fetch_row(_NEXT_NUMBER, marketplace_id, prefix.lstrip("-"), _DIGITS)
        if not row["taken"]:
            return row["last_number"], row["number"]
