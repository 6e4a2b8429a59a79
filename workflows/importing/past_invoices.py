"""Invoices of imported charges: the merchant's own number, no place in the series, the same snapshot as any other.

No document, no e-mail, nothing staged: the PDF is made when somebody first asks for it.
"""

from collections.abc import Sequence
from uuid import UUID

from models.database import execute
from workflows.importing.shapes import Place
from workflows.invoice_snapshot import SNAPSHOT_FROM, snapshot_sql


async def store_invoices(place: Place, numbers: Sequence[tuple[UUID, str]]) -> None:
    """Stores one invoice for each (charge, number), in the caller's transaction."""
    await execute(_INSERT, place.id, [charge for charge, _ in numbers], [number for _, number in numbers])


_INSERT = f"""
INSERT INTO invoice (marketplace_id, customer_id, charge_id, number, snapshot, issued_at, state,
                     moved_trigger, moved_by, moved_reason)
SELECT charge.marketplace_id, charge.customer_id, charge.id, given.number, {snapshot_sql("given.number")},
       charge.paid_at, 'issued', 'import', 'import:csv', 'import'
{SNAPSHOT_FROM}
JOIN unnest($2::uuid[], $3::text[]) AS given (charge_id, number) ON given.charge_id = charge.id
WHERE charge.marketplace_id = $1
"""
