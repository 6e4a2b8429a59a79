"""How many moves there were: by day for a chart, by rule for a picture of a life cycle. Read from counts that are kept.

Days are UTC's, as the log's times are. What was moved within the last half minute is not counted yet: `as_of` says.
"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from models.database import fetch_all, fetch_pairs
from workflows.audit.review.daily_counts import counted
from workflows.audit.review.filters import MADE, LogFilter
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput

MOST_DAYS = 92  # three months: more bars than that cannot be told apart
BY_DEFAULT = timedelta(days=30)
_RULE = (
    "($2::text IS NULL OR machine = $2) AND ($3::text IS NULL OR trigger = $3)"
    " AND ($4::text IS NULL OR from_state = $4) AND ($5::text IS NULL OR to_state = $5)"
    " AND ($6::text IS NULL OR actor_kind = $6)"
)


class DayCount(msgspec.Struct, frozen=True, kw_only=True):
    """One day's moves."""

    day: date
    moves: int


class DayCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Each day from the first to the last, those without moves too. `as_of` None: nothing was counted yet."""

    days: list[DayCount]
    moves: int
    as_of: datetime | None


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often one rule moved something in the period. `from_state` "new": it made the thing."""

    trigger: str
    from_state: str
    to_state: str
    moves: int


class MachineCounts(msgspec.Struct, frozen=True, kw_only=True):
    """A life cycle in figures: how many are in each state now, how often each rule moved one in the period. Rules that
    never did, and are none of today's, are left out. Deliveries that arrived and were forgotten count on."""

    machine: str
    since: date
    until: date
    states: dict[str, int]
    rules: list[RuleCount]
    as_of: datetime | None


def can_be_counted(wanted: LogFilter) -> bool:
    """Whether the counts know what is filtered by: one thing's moves, and one person's, they do not."""
    return wanted.entity is None and wanted.actor_id is None


def period_of(since: datetime | None, until: datetime | None, most: int = MOST_DAYS) -> tuple[date, date]:
    """The first and the last day to count: those asked for, at most so many, the last ones; else the last 30 days."""
    last = ((until - timedelta(microseconds=1)) if until else now()).astimezone(UTC).date()
    last = min(last, now().astimezone(UTC).date()) if since is None or since < now() else last
    first = since.astimezone(UTC).date() if since else last - BY_DEFAULT + timedelta(days=1)
    return max(first, last - timedelta(days=most - 1)), last


async def transitions_by_day(marketplace_id: UUID, wanted: LogFilter) -> DayCounts:
    """The moves that fit, by day. Raises InvalidInput for a filter that the counts cannot know."""
    if not can_be_counted(wanted):
        field = "entity" if wanted.entity else "actor_id"
        raise InvalidInput({field: "Counts are kept by rule and kind of actor, not for one thing or one person."})
    first, last = period_of(wanted.since, wanted.until)
    moves: dict[date, int] = await fetch_pairs(
        f"SELECT day, sum(moves)::bigint AS moves FROM log_day WHERE marketplace_id = $1 AND {_RULE}"
        " AND day BETWEEN $7 AND $8 GROUP BY day",
        marketplace_id,
        wanted.machine,
        wanted.trigger,
        "" if wanted.from_state == MADE else wanted.from_state,
        wanted.to_state,
        wanted.actor_kind,
        first,
        last,
    )
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return DayCounts(
        days=[DayCount(day=day, moves=moves.get(day, 0)) for day in days],
        moves=sum(moves.values()),
        as_of=(await counted()).as_of,
    )


_STATES = """
SELECT state, sum(step)::bigint AS things FROM (
    SELECT to_state AS state, moves AS step FROM log_total WHERE marketplace_id = $1 AND machine = $2
    UNION ALL SELECT from_state, -moves FROM log_total WHERE marketplace_id = $1 AND machine = $2 AND from_state <> ''
) AS steps GROUP BY state
"""
_RULES = f"""
SELECT trigger, coalesce(nullif(from_state, ''), '{MADE}') AS from_state, to_state, sum(moves)::bigint AS moves
FROM log_day WHERE marketplace_id = $1 AND machine = $2 AND day BETWEEN $3 AND $4 GROUP BY trigger, from_state, to_state
ORDER BY trigger, from_state, to_state
"""


async def machine_counts(marketplace_id: UUID, machine: str, first: date, last: date) -> MachineCounts:
    """The figures of one life cycle, of these days."""
    return MachineCounts(
        machine=machine,
        since=first,
        until=last,
        states=await fetch_pairs(_STATES, marketplace_id, machine),
        rules=await fetch_all(RuleCount, _RULES, marketplace_id, machine, first, last),
        as_of=(await counted()).as_of,
    )
