"""The rows that an import has read from an account and not yet stored, and the report of those it refused. SQL.

What was refused keeps its id and the reason; what it said of people goes at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from models.database import Record, execute, fetch, fetch_all
from workflows.importing.account.run import Run
from workflows.importing.account.source import AccountObjects
from workflows.importing.shapes import Problem

_AT_ONCE = 1_000


class RefusedObject(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the report: what it is, the gateway's id of it, the column that is wrong ('': all of it), and why."""

    kind: str
    reference: str
    column: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.kind, self.reference, self.column, self.reason) if part)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A row that waits to be stored."""

    place: int
    reference: str
    columns: dict[str, str]


async def keep(run: Run, rows: Sequence[AccountObjects]) -> list[tuple[str, RefusedObject | None]]:
    """Keeps what was read; answers with the kind of each row that is new to this import, and its refusal if it has one.
    What a list tells twice is kept once."""
    stored = await fetch(
        "INSERT INTO import_row (marketplace_id, run_id, kind, reference, columns, led_by, refused_column,"
        " refused_reason)"
        " SELECT $1, $2, * FROM jsonb_to_recordset($3::jsonb) AS given (kind text, reference text, columns jsonb,"
        " led_by text, refused_column text, refused_reason text)"
        " ON CONFLICT DO NOTHING RETURNING kind, reference, refused_column, refused_reason",
        *(run.marketplace_id, run.id, [_as_json(row) for row in rows]),
    )
    return [(row["kind"], _refusal(row) if row["refused_reason"] is not None else None) for row in stored]


def _as_json(row: AccountObjects) -> dict[str, Any]:
    column, reason = row.problem or (None, None)
    return {
        "kind": row.kind,
        "reference": row.reference,
        "columns": {} if row.problem else row.columns,
        "led_by": row.led_by,
        "refused_column": column,
        "refused_reason": reason,
    }


async def invoices_of(run: Run, payments: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Payment → what its invoice says, of those that have one."""
    rows = await fetch(
        "SELECT reference, columns FROM import_row WHERE marketplace_id = $1 AND run_id = $2 AND kind = 'invoices'"
        " AND reference = ANY($3)",
        *(run.marketplace_id, run.id, list(payments)),
    )
    return {row["reference"]: row["columns"] for row in rows}


async def waiting(run: Run, kind: str, after: int, *, led_there: bool | None, limit: int) -> list[Waiting]:
    """The next rows of a kind, in the order in which they were read. `led_there`: only those that the gateway still
    charges by itself, or only the others."""
    return await fetch_all(
        Waiting,
        "SELECT place, reference, columns FROM import_row WHERE marketplace_id = $1 AND run_id = $2 AND kind = $3"
        " AND place > $4 AND refused_reason IS NULL"
        " AND ($5::boolean IS NULL OR (led_by IS NOT DISTINCT FROM 'there') = $5) ORDER BY place LIMIT $6",
        *(run.marketplace_id, run.id, kind, after, led_there, limit),
    )


async def refuse(run: Run, kind: str, refused: Sequence[tuple[int, Problem]]) -> None:
    """Writes down why rows of a kind, by their places, were refused."""
    for first in range(0, len(refused), _AT_ONCE):
        some = refused[first : first + _AT_ONCE]
        await execute(
            "UPDATE import_row SET columns = '{}', refused_column = given.problem, refused_reason = given.reason"
            " FROM unnest($4::bigint[], $5::text[], $6::text[]) AS given (place, problem, reason)"
            " WHERE marketplace_id = $1 AND run_id = $2 AND kind = $3 AND import_row.place = given.place",
            *(run.marketplace_id, run.id, kind),
            *([place for place, _ in some], [problem.column for _, problem in some]),
            [problem.reason for _, problem in some],
        )


async def list_refused(marketplace_id: UUID, run_id: UUID, after: int, limit: int) -> list[tuple[int, RefusedObject]]:
    """The report: (place, line), in the order in which the rows were read."""
    rows = await fetch(
        "SELECT place, kind, reference, refused_column, refused_reason FROM import_row WHERE marketplace_id = $1"
        " AND run_id = $2 AND refused_reason IS NOT NULL AND place > $3 ORDER BY place LIMIT $4",
        *(marketplace_id, run_id, after, limit),
    )
    return [(row["place"], _refusal(row)) for row in rows]


def _refusal(row: Record) -> RefusedObject:
    return RefusedObject(
        kind=row["kind"],
        reference=row["reference"],
        column=row["refused_column"] or "",
        reason=row["refused_reason"],
    )
