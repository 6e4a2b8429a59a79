"""Which rows of the log a checkpoint is about: told by the transaction that wrote each, never by its time.

A row below the horizon (every transaction below it has ended) is visible to all and joined by no other, so that a
checkpoint can be said to hold *all* rows of a span for ever. Transaction ids count in one cluster: rows of another
system identifier (the database was restored or upgraded) count as below.
"""

from collections.abc import Sequence
from datetime import datetime

from models.database import fetch_all, fetch_one, fetch_value, fetch_values
from models.row import Row


class Span(Row, frozen=True):
    """Of the rows that a system wrote, those by transactions from `low` until before `high`."""

    system: int
    low: int
    high: int


class Horizon(Row, frozen=True):
    """Until where this cluster's transactions have all ended; `next_xid` is the first that had not begun at `at`."""

    system: int
    below_xid: int
    next_xid: int
    at: datetime


async def horizon() -> Horizon:
    """As of now. `at` is before the look, so that whoever begins later is later by their time too."""
    found = await fetch_one(
        Horizon,
        "SELECT (pg_control_system()).system_identifier AS system, pg_snapshot_xmin(seen)::text::bigint AS below_xid,"
        " pg_snapshot_xmax(seen)::text::bigint AS next_xid, statement_timestamp() AS at"
        " FROM pg_current_snapshot() AS seen",
    )
    assert found is not None, "a function answers with a row"
    return found


class _Last(Row, frozen=True):
    """The last transaction of another system that wrote rows."""

    system_identifier: int
    last: int


def within(spans: Sequence[Span]) -> str:
    """SQL that is true for the rows of any of the spans. Numbers only, so that nothing needs quoting."""
    parts = [
        f"(system_identifier = {span.system} AND xid >= '{span.low}'::xid8 AND xid < '{span.high}'::xid8)"
        for span in spans
    ]
    return f"({' OR '.join(parts)})" if parts else "false"


async def sealed_spans(marketplace_id: object, first: int = 1, last: int | None = None) -> list[Span]:
    """What these checkpoints (all, unless said) are about together: one span for each system."""
    return await fetch_all(
        Span,
        "SELECT (span ->> 'system')::bigint AS system, min((span ->> 'low')::bigint) AS low,"
        " max((span ->> 'high')::bigint) AS high FROM checkpoint, jsonb_array_elements(spans) AS span"
        " WHERE marketplace_id = $1 AND number >= $2 AND ($3::bigint IS NULL OR number <= $3) GROUP BY 1 ORDER BY 1",
        marketplace_id,
        first,
        last,
    )


async def sealed_until(marketplace_id: object, last: int | None = None) -> dict[int, int]:
    """Of each system's rows, below which transaction all are sealed (by checkpoint `last`, or by now)."""
    return {span.system: span.high for span in await sealed_spans(marketplace_id, 1, last)}


async def systems_of(marketplace_id: object) -> set[int]:
    """The systems that wrote a marketplace's rows; reads all of them."""
    sql = "SELECT DISTINCT system_identifier FROM transition_log WHERE marketplace_id = $1"
    return set(await fetch_values(sql, marketplace_id))


async def unsealed(marketplace_id: object, seen: Horizon, *, elsewhere: bool) -> list[Span]:
    """The spans that the next checkpoint is about. `elsewhere`: look for rows of other systems too, which reads all."""
    until = await sealed_until(marketplace_id)
    spans = [Span(seen.system, until.get(seen.system, 0), seen.below_xid)]
    if not elsewhere:
        return spans
    for row in await fetch_all(
        _Last,
        "SELECT system_identifier, max(xid)::text::bigint AS last FROM transition_log"
        " WHERE marketplace_id = $1 AND system_identifier <> $2 GROUP BY 1 ORDER BY 1",
        marketplace_id,
        seen.system,
    ):
        low = until.get(row.system_identifier, 0)
        if row.last >= low:
            spans.append(Span(row.system_identifier, low, row.last + 1))
    return spans


async def changed_since_sealed(seen: Horizon) -> bool:
    """Whether rows of other systems may be unsealed: there was no run yet, or the last one was another cluster's."""
    last = await fetch_value("SELECT system_identifier FROM sealing ORDER BY id DESC LIMIT 1")
    return last != seen.system


async def floor(seen: Horizon, low: int | None = None) -> datetime | None:
    """No row of this system by transaction `low` (that of the last run's horizon, unless said) or a later one is older;
    None when nothing is known.

    Transactions that had not begun when a run looked are later than that run. Ten minutes are left for clocks that were
    set back.
    """
    return await fetch_value(
        "SELECT max(at) - interval '10 minutes' FROM sealing WHERE system_identifier = $1 AND snapshot_xmax <="
        " coalesce($2::text::xid8,"
        "   (SELECT below_xid FROM sealing WHERE system_identifier = $1 ORDER BY id DESC LIMIT 1))",
        seen.system,
        None if low is None else str(low),
    )
