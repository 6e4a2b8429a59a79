"""The next number of a series, and the document that bears it: one statement, the last of a transaction.

Numbers are gapless per marketplace and series, since a number is given back with the transaction that took it. Whoever
comes next waits from that statement until the transaction ends. Who takes of both series takes a credit note's first.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from models.database import Record, fetch_row
from workflows.engine.fire import Move
from workflows.engine.transition_sql import creation_from, made_for_each
from workflows.invoices.snapshot import Kind
from workflows.machines import DOCUMENT, INVOICE
from workflows.marketplaces.invoice_prefix import CREDIT_NOTE_SUFFIX

DIGITS = 6  # at least: a million documents of a series sort as text

# The number, the row that bears it and its document in one round trip. A number begins with a letter or a figure and
# has so many digits or more; one that an imported invoice already bears is passed over: it is taken, not missing.
_NUMBERED = """
counted AS (
    INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($7, '{kind}', 1)
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
    ("credits_id", "$14"),
)
_DOCUMENT = made_for_each(DOCUMENT, "invoice_issued", (("marketplace_id", "marketplace_id"), ("invoice_id", "id")))


async def issue_numbered(kind: Kind, prefix: str, values: Mapping[str, Any], move: Move) -> Record:
    """Issues a document under the next number of its series, asks for its PDF, and answers with its row.

    `prefix` is the marketplace's own; `values`: marketplace_id, customer_id, charge_id, snapshot (its number is filled
    in), issued_at, and of a credit note credits_id. Call it last of all in the transaction.
    """
    given = (
        values["marketplace_id"],
        prefix.lstrip("-") + (CREDIT_NOTE_SUFFIX if kind == "credit_note" else ""),
        DIGITS,
        values["customer_id"],
        values["charge_id"],
        values["snapshot"],
        values["issued_at"],
        values.get("credits_id"),
    )
    while True:
        issued = await fetch_row(_statement(kind), INVOICE.initial, "issue", *move.columns(), *given)
        if issued is not None:
            return issued


@lru_cache
def _statement(kind: Kind) -> str:
    columns = (*_COLUMNS, ("kind", f"'{kind}'"))
    return creation_from(INVOICE, "issue", columns, _NUMBERED.format(kind=kind), _FREE, _DOCUMENT)
