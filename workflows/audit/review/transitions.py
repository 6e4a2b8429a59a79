"""Pages of the log, newest first, by any filter: each reads what it shows, however long the log (docs/decisions/0033).

By one thing: its chain. By rule and kind of actor: for each combination that the log has seen, the newest rows of an
index that holds them in order. By a person: theirs. What remains to be compared row by row is given up after
`LOOKED_AT` rows: the page then says how far it looked, and its cursor goes on from there.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import execute, fetch_all, fetch_value, transaction
from models.row import columns
from workflows.audit.review.daily_counts import counted
from workflows.audit.review.entities import OF_CUSTOMER, OF_ENTITY
from workflows.audit.review.filters import MADE, LogFilter
from workflows.audit.review.rows import (
    BEGINNING,
    COLUMNS,
    END,
    NEWEST_FIRST,
    LoggedRow,
    LoggedTransition,
    earliest_log_time,
    logged_transitions,
)
from workflows.machines import MACHINES
from workflows.requests.pagination import PAGE_SIZE, PageRequest, cursor, position
from workflows.runtime.errors import NotFound

__all__ = ["LOOKED_AT", "PAGE_SIZE", "LogPage", "list_transitions", "transition_of"]

LOOKED_AT = 500  # rows of each combination: a blink
_NAME, _TYPES = "transitions", (datetime, UUID, int)
_LAST = (END, UUID(int=2**128 - 1), 2**31 - 1)  # behind nothing yet
# $1 marketplace, $2 and $3 the time, $4 to $6 the row that the page lies behind, $7 how many, $8 to $11 the rule,
# $12 and $13 who.
# One bound from above beside the row's: with two, PostgreSQL 18 begins a backward scan at the index's end.
_WITHIN = (
    "log.marketplace_id = $1 AND log.at >= {since}"
    " AND log.at <= least($4, ({until})::timestamptz - interval '1 microsecond')"
    " AND (log.at, log.entity_id, log.seq) < ($4, $5, $6)"
)
_RULE = (
    "($8::text IS NULL OR {0}.machine = $8) AND ($9::text IS NULL OR {0}.trigger = $9)"
    " AND ($10::text IS NULL OR coalesce({0}.from_state, '') = $10) AND ($11::text IS NULL OR {0}.to_state = $11)"
)
_KIND = "($12::text IS NULL OR {0}.actor_kind = $12)"
_WHO = "($13::text IS NULL OR log.actor_id = $13)"
_PAGE = f"ORDER BY {NEWEST_FIRST} LIMIT $7"
# In the order of an index, so that nothing is sorted that is not shown; whole instants, so that none is cut in two.
_NEWEST = "ORDER BY log.at DESC FETCH FIRST $7 ROWS WITH TIES"
_EVERYTHING = _WITHIN.format(since="$2", until="$3")
_FITS = f"{_RULE.format('log')} AND {_KIND.format('log')} AND {_WHO}"

_BY_TIME = f"SELECT {COLUMNS} FROM transition_log AS log WHERE {_EVERYTHING} {_PAGE}"
_BY_PERSON = (
    f"SELECT {COLUMNS} FROM transition_log AS log WHERE {_EVERYTHING} AND log.actor_kind = '{{kind}}'"
    f" AND log.actor_id = $13 {_NEWEST}"
)
# Read whole before they are sorted: else the time's index is read to find some chains' rows in it.
_BY_CHAIN = f"""
WITH chains AS MATERIALIZED (
    SELECT {COLUMNS} FROM thing JOIN transition_log AS log
      ON {_WITHIN.format(since="greatest($2, thing.since)", until="$3")} AND log.at <= thing.until
     AND log.machine = thing.machine AND log.entity_id = thing.id AND {_FITS}
) SELECT * FROM chains {_PAGE}"""
_SEEN = f"known.marketplace_id = $1 AND {_RULE.format('known')} AND {_KIND.format('known')}"
_OF_RULE = f"""
SELECT found.* FROM log_total AS known CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM transition_log AS log
    WHERE {_WITHIN.format(since="$2", until="least($3, $14::timestamptz)")} AND log.machine = known.machine
      AND log.trigger = known.trigger AND log.from_state {{from_state}} AND log.to_state = known.to_state
      AND log.actor_kind = known.actor_kind ORDER BY {{also}} log.at DESC FETCH FIRST $7 ROWS WITH TIES
) AS found WHERE {_SEEN} AND known.from_state {{made}} ''"""
# To the planner IS NULL is no constant: an order that begins with it is the index's own.
# What the counts have not seen yet ($14 on) may be by a rule or kind that they do not know.
_BY_RULE = f"""
SELECT * FROM (
    {_OF_RULE.format(from_state="= known.from_state", made="<>", also="")}
    UNION ALL {_OF_RULE.format(from_state="IS NULL", made="=", also="log.from_state DESC,")}
    UNION ALL (SELECT {COLUMNS} FROM transition_log AS log
               WHERE {_WITHIN.format(since="greatest($2, $14::timestamptz)", until="$3")} AND {_RULE.format("log")}
                 AND {_KIND.format("log")} {_PAGE})
) AS found {_PAGE}"""


class _Placed(LoggedRow, frozen=True):
    """A row that was looked at: whether it fits the filter, and its place among those."""

    fits: bool
    place: int


# All that was looked at, or what fits of it and where the looking ended.
_CHOSEN = f"""
WITH {{things}} looked AS MATERIALIZED ({{looked}}), placed AS (
    SELECT log.*, {_FITS} AS fits, row_number() OVER (ORDER BY {NEWEST_FIRST}) AS place FROM looked AS log
) SELECT {columns(_Placed)} FROM placed WHERE fits OR place = $7 ORDER BY place"""


class LogPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page. `after`, sent back with the same filter, goes on behind it. `looked_back_to`: where the looking ended
    before the page was full; what is older has not been looked at yet."""

    transitions: list[LoggedTransition]
    after: str | None
    looked_back_to: datetime | None


async def list_transitions(marketplace_id: UUID, wanted: LogFilter, asked: PageRequest) -> LogPage:
    """The newest moves that fit, or those behind a cursor. Raises InvalidInput for a broken one."""
    sql, more = await _looked(wanted)
    most = LOOKED_AT if _is_compared(wanted) else asked.limit + 1
    behind = position(_NAME, _TYPES, asked.cursor) if asked.cursor else _LAST
    made = "" if wanted.from_state == MADE else wanted.from_state
    rule = (wanted.machine, wanted.trigger, made, wanted.to_state)
    given = (
        marketplace_id,
        wanted.since or BEGINNING,
        wanted.until or END,
        *behind,
        most,
        *rule,
        wanted.actor_kind,
        wanted.actor_id,
    )
    async with transaction():
        # The planner thinks that few rows fit, and would read all of them to sort them; an index has them in order.
        await execute("SET LOCAL enable_sort = off")
        rows = await fetch_all(_Placed, sql, *given, *more)
    return await _page(marketplace_id, rows, asked.limit, most)


def _is_compared(wanted: LogFilter) -> bool:
    """Whether more is looked at than fits: by a person's id, or a machine's, and something else."""
    if wanted.entity or wanted.actor_id is None or wanted.actor_kind == "customer":
        return False
    return wanted.by_rule or wanted.actor_kind not in ("staff", "api_key")


async def _looked(wanted: LogFilter) -> tuple[str, list[Any]]:
    """The statement for a filter, and its own arguments from $14 on."""
    things, more = "", list[Any]()
    if wanted.entity:
        things, looked, more = _named(OF_ENTITY), _BY_CHAIN, [wanted.entity]
    elif wanted.actor_kind == "customer" and wanted.actor_id:
        things, looked, more = _named(OF_CUSTOMER), _BY_CHAIN, [UUID(wanted.actor_id)]
    elif wanted.actor_kind in ("staff", "api_key") and wanted.actor_id:
        looked = _BY_PERSON.format(kind=wanted.actor_kind)
    elif wanted.by_rule or (wanted.actor_kind and not wanted.actor_id):
        looked, more = _BY_RULE, [max(BEGINNING, (await counted()).uncounted_since)]
    else:
        looked = _BY_TIME
    return _CHOSEN.format(things=things, looked=looked), more


def _named(things: str) -> str:
    """Their CTE, before the others, its subject by the place that it has here."""
    return things.replace("$2", "$14::uuid") + ","


async def _page(marketplace_id: UUID, rows: list[_Placed], limit: int, most: int) -> LogPage:
    fitting = [row for row in rows if row.fits]
    shown, more = fitting[:limit], len(fitting) > limit
    ended_early = not more and bool(rows) and rows[-1].place == most
    last = shown[-1] if more else rows[-1] if ended_early else None
    return LogPage(
        transitions=await logged_transitions(marketplace_id, shown),
        after=cursor(_NAME, (last.at, last.entity_id, last.seq)) if last else None,
        looked_back_to=last.at if last and ended_early else None,
    )


async def _last_transition_at(marketplace_id: UUID, machine: str, entity_id: UUID) -> datetime:
    """The chain's end, so that no later month is looked into; END for what has no table any more."""
    if machine not in {one.name for one in MACHINES}:
        return END
    sql = f"SELECT moved_at FROM {machine} WHERE marketplace_id = $1 AND id = $2"
    return await fetch_value(sql, marketplace_id, entity_id) or END


async def transition_of(marketplace_id: UUID, machine: str, entity_id: UUID, seq: int) -> LoggedTransition:
    """One row of a chain. Raises NotFound."""
    rows = await fetch_all(
        LoggedRow,
        f"SELECT {COLUMNS} FROM transition_log AS log WHERE log.marketplace_id = $1 AND log.machine = $2"
        " AND log.entity_id = $3 AND log.seq = $4 AND log.at BETWEEN $5 AND $6",
        marketplace_id,
        machine,
        entity_id,
        seq,
        earliest_log_time(entity_id),
        await _last_transition_at(marketplace_id, machine, entity_id),
    )
    if not rows:
        raise NotFound(f"no row {seq} of {machine} {entity_id}")
    return (await logged_transitions(marketplace_id, rows))[0]
