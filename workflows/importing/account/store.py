"""Storing rows that were read from an account, by the rules of files: what becomes of each is counted.

In the caller's transaction.
"""

from collections.abc import Sequence
from typing import Any

from workflows.importing.account.periods import with_periods
from workflows.importing.account.rows import RefusedObject, Waiting
from workflows.importing.account.run import Progress, Run, count
from workflows.importing.kind import Kind
from workflows.importing.run import KINDS, chunks_of, place_of, settle_chunk
from workflows.importing.shapes import Place, Problem, RawRow
from workflows.marketplaces.tenant import Marketplace

AT_ONCE = 1_000  # rows: a transaction of a fraction of a second
STORED: dict[str, Kind[Any]] = {kind.name: kind for kind in KINDS}


def place_for(run: Run, marketplace: Marketplace) -> Place:
    """Where an import's rows go."""
    return place_of(marketplace, dry_run=run.dry_run, by=f"import:{run.source}")


async def settle(place: Place, kind: str, rows: Sequence[Waiting], progress: Progress) -> list[tuple[int, Problem]]:
    """Stores what can be stored, counts all, and answers with what was refused, by its place."""
    raw: list[RawRow] = [(row.place, {**row.columns, "reference": row.reference}) for row in rows]
    if kind == "charges":
        raw = await with_periods(place, [(row.place, {**row.columns, "reference": row.reference}) for row in rows])
    refused: list[tuple[int, Problem]] = []
    for chunk in chunks_of(place, STORED[kind], raw):
        for at, verdict in await settle_chunk(place, STORED[kind], chunk):
            count(progress, kind, "refused" if isinstance(verdict, Problem) else verdict)
            if isinstance(verdict, Problem):
                refused.append((at, verdict))
    return refused


def lines(kind: str, rows: Sequence[Waiting], refused: Sequence[tuple[int, Problem]]) -> list[RefusedObject]:
    """The report's lines about refused rows."""
    references = {row.place: row.reference for row in rows}
    return [
        RefusedObject(kind=kind, reference=references[at], column=problem.column, reason=problem.reason)
        for at, problem in refused
    ]
