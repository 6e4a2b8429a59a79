"""Asking whether the facts hold, and writing down what does not.

A look at what moved since the last one costs what moved; a full one walks through every table by its primary key, a
slice at a time, each a statement of its own: no transaction is long, no memory grows with the tables. Rows that are
moved meanwhile are seen as they were when their slice was read. Any number may look at once.
"""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from models.database import execute, fetch, fetch_all, fetch_value, fetch_values
from models.row import Row
from workflows.audit.invariants import INVARIANTS
from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.violations import Violation, close_unseen_violations, record_violations

SLICE = 5_000  # rows a question: tens of milliseconds
MOST = 1_000  # breaches of one fact that are named; where there are more, something else is to be done than read them
# What was moved in a transaction that took long is seen late. A full look sees what took longer.
_OVERLAP = timedelta(minutes=30)

_NEXT_SLICE = """
SELECT marketplace_id, id FROM {table} WHERE (marketplace_id, id) > ($1, $2) ORDER BY marketplace_id, id LIMIT $3
"""
_TRANSITIONS = """
SELECT machine, at, entity_id, seq FROM transition_log WHERE marketplace_id = $1 AND (at, entity_id, seq) > ($2, $3, $4)
ORDER BY at, entity_id, seq LIMIT $5
"""
_STILL_BROKEN = """
SELECT DISTINCT marketplace_id, entity::uuid AS id FROM fact_breach
WHERE fact = ANY($1) AND about = $2 AND gone_at IS NULL
"""

Key = tuple[UUID, UUID]
"""marketplace_id, id."""


class Answered(Row, frozen=True):
    """What an invariant's question answers with: an entity that breaks it, and how."""

    marketplace_id: UUID | None
    entity: object  # an id, or a table's key as text
    tells: str


class _Transition(Row, frozen=True):
    machine: str
    at: datetime
    entity_id: UUID
    seq: int


class Checked(msgspec.Struct, kw_only=True):
    """What a look at one fact came to. `breaches`: what was found, `cut`: there is more of it than is named."""

    fact: Invariant
    looked_at: int = 0  # rows; 0 of a fact that is asked of everything at once
    seconds: float = 0.0
    breaches: list[Violation] = msgspec.field(default_factory=list)  # one for each entity
    cut: bool = False

    def take(self, table: str, rows: Sequence[Answered]) -> list[Violation]:
        """Adds what a question found, as far as it is named; answers with what was added."""
        known = {(found.about, found.entity) for found in self.breaches}
        new = [
            Violation(about=table, marketplace_id=row.marketplace_id, entity=str(row.entity), tells=row.tells)
            for row in rows
        ]
        fresh = list({(found.about, found.entity): found for found in new}.values())
        fresh = [found for found in fresh if (found.about, found.entity) not in known]
        room = MOST - len(self.breaches)
        self.cut = self.cut or len(fresh) > room or len(rows) > MOST
        self.breaches += fresh[:room]
        return fresh[:room]


async def check_invariants(*, full: bool, only: Collection[str] = ()) -> list[Checked]:
    """Looks whether the facts hold, those named in `only` or all, and writes down what breaks them and what no longer
    does. `full`: of every row; else of those that moved since the last look, and not what reads a great deal."""
    asked = [fact for fact in INVARIANTS if (not only or fact.name in only) and (full or not fact.nightly)]
    began = await fetch_value("SELECT clock_timestamp()")
    checked = [Checked(fact=fact) for fact in asked]
    about_rows = [one for one in checked if one.fact.tables]
    since = None if full else await _since([one.fact.name for one in about_rows])
    for one in checked:
        if not one.fact.tables:
            await _ask_of_everything(one)
    async for table, keys in _slices([one.fact for one in about_rows], since):
        for one in about_rows:
            if table in one.fact.tables:
                await _ask_of(one, table, keys)
    for one in checked:
        if not one.cut:
            await close_unseen_violations(one.fact.name, began)
        await _note(one, began, everything=since is None or not one.fact.tables)
    return checked


async def _ask_of_everything(one: Checked) -> None:
    started = time.monotonic()
    rows = await fetch_all(
        Answered, f"SELECT marketplace_id, entity, tells FROM ({one.fact.breaches}) AS found LIMIT {MOST + 1}"
    )
    await record_violations(one.fact, one.take(one.fact.about, rows))
    one.seconds += time.monotonic() - started


async def _ask_of(one: Checked, table: str, keys: Sequence[Key]) -> None:
    started = time.monotonic()
    rows = await fetch_all(Answered, one.fact.sql(table), [key[0] for key in keys], [key[1] for key in keys])
    await record_violations(one.fact, one.take(table, rows))
    one.looked_at += len(keys)
    one.seconds += time.monotonic() - started


async def _slices(facts: Sequence[Invariant], since: datetime | None) -> AsyncGenerator[tuple[str, Sequence[Key]]]:
    """The rows to ask about, with their table, at most `SLICE` at a time. What is written down as broken is always
    among them."""
    tables = tuple(dict.fromkeys(table for fact in facts for table in fact.tables))
    for table in tables:
        if broken := await fetch(_STILL_BROKEN, [fact.name for fact in facts], table):
            yield table, [(marketplace_id, entity_id) for marketplace_id, entity_id in broken]
    if since is None:
        for table in tables:
            async for keys in _all_of(table):
                yield table, keys
        return
    for marketplace_id in await fetch_values("SELECT id FROM marketplace ORDER BY id"):
        async for table, keys in _with_transitions(marketplace_id, since):
            if table in tables:
                yield table, keys


async def _all_of(table: str) -> AsyncGenerator[Sequence[Key]]:
    last: Key = (UUID(int=0), UUID(int=0))
    while rows := await fetch(_NEXT_SLICE.format(table=table), *last, SLICE):
        keys = [(marketplace_id, row_id) for marketplace_id, row_id in rows]
        yield keys
        last = keys[-1]


async def _with_transitions(marketplace_id: UUID, since: datetime) -> AsyncGenerator[tuple[str, Sequence[Key]]]:
    place: tuple[datetime, UUID, int] = (since, UUID(int=0), 0)
    while rows := await fetch_all(_Transition, _TRANSITIONS, marketplace_id, *place, SLICE):
        by_table = defaultdict[str, dict[Key, None]](dict)
        for row in rows:
            by_table[row.machine][marketplace_id, row.entity_id] = None
        for table, keys in by_table.items():
            yield table, list(keys)
        place = (rows[-1].at, rows[-1].entity_id, rows[-1].seq)


async def _since(facts: Sequence[str]) -> datetime | None:
    """From when on moves were not looked at for all of these facts; None: some was never looked at."""
    looked = await fetch_values(
        "SELECT checked_at FROM fact_check WHERE fact = ANY($1) AND full_at IS NOT NULL", list(facts)
    )
    return min(looked) - _OVERLAP if facts and len(looked) == len(facts) else None


async def _note(one: Checked, began: datetime, *, everything: bool) -> None:
    await execute(
        "INSERT INTO fact_check (fact, checked_at, full_at, looked_at, seconds) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (fact) DO UPDATE SET checked_at = greatest(fact_check.checked_at, excluded.checked_at),"
        " full_at = coalesce(excluded.full_at, fact_check.full_at), looked_at = excluded.looked_at,"
        " seconds = excluded.seconds",
        one.fact.name,
        began,
        began if everything else None,
        one.looked_at,
        one.seconds,
    )
