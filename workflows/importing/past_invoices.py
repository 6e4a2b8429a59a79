"""Invoices of imported charges: the merchant's own number, no place in the series, the same snapshot as any other.

No document, no e-mail, nothing staged: the PDF is made when somebody first asks for it.
"""

from collections.abc import Sequence
from uuid import UUID

from models.database import execute
from workflows.importing.known_rows import one
from workflows.importing.shapes import Place
from workflows.invoices.snapshot_sql import SNAPSHOT_FROM, snapshot_sql


async def store_invoices(place: Place, numbers: Sequence[tuple[UUID, str]]) -> None:
    """Stores one invoice for each (charge, number), in the caller's transaction."""
    await execute(_INSERT, place.id, [charge for charge, _ in numbers], [number for _, number in numbers], place.by)


_SNAPSHOT = snapshot_sql("charge.number", tax_known=False)  # files and gateways tell no tax

# The CTE stands for the table in SNAPSHOT_FROM: else all the marketplace's charges are joined, then ours picked.
_INSERT = f"""
WITH charge AS MATERIALIZED (
    SELECT found.*, given.number FROM unnest($2::uuid[], $3::text[]) AS given (charge_id, number)
    {one("charge", "found", "found.id = given.charge_id")}
)
INSERT INTO invoice (marketplace_id, customer_id, charge_id, number, snapshot, issued_at, state,
                     moved_trigger, moved_by, moved_reason)
SELECT charge.marketplace_id, charge.customer_id, charge.id, charge.number, {_SNAPSHOT},
       charge.paid_at, 'issued', 'import', $4, 'import'
{SNAPSHOT_FROM}
"""
