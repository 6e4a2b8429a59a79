"""Counts of the log's moves by day and rule, added up by a job so that a review reads days and not rows.

Exactly once: a run counts what transactions below the horizon of its snapshot wrote, and no run before it did. Such
rows are found by time: what was not counted by then was written at `since` or later (docs/decisions/0033).
"""

from datetime import datetime

import msgspec

from models.database import execute, fetch_one, fetch_value

_ALL = "18446744073709551615"  # xid8's largest: of a cluster that writes no more here
# A row gets its time a moment before its transaction gets its number.
_MOMENT = "interval '1 minute'"

_SINCE = f"SELECT greatest(min(since) - {_MOMENT}, '2000-01-01Z') FROM log_counted WHERE below < '{_ALL}'"

_COUNT = f"""
WITH here AS MATERIALIZED (
    SELECT (pg_control_system()).system_identifier AS cluster, pg_snapshot_xmin(shot) AS below,
           pg_snapshot_xmax(shot) AS next, clock_timestamp() AS at
    FROM pg_current_snapshot() AS shot
), fresh AS MATERIALIZED (
    SELECT log.* FROM here CROSS JOIN marketplace CROSS JOIN LATERAL (
        SELECT marketplace_id, at, machine, trigger, coalesce(from_state, '') AS from_state, to_state, actor_kind, xid,
               system_identifier
        FROM transition_log WHERE marketplace_id = marketplace.id AND at >= $1
    ) AS log LEFT JOIN log_counted AS mark ON mark.system_identifier = log.system_identifier
    WHERE (mark.below IS NULL OR log.xid >= mark.below)
      AND (log.system_identifier <> here.cluster OR log.xid < here.below)
), counted AS (
    SELECT marketplace_id, (at AT TIME ZONE 'UTC')::date AS day, machine, trigger, from_state, to_state, actor_kind,
           count(*) AS moves
    FROM fresh GROUP BY marketplace_id, day, machine, trigger, from_state, to_state, actor_kind
), days AS (
    INSERT INTO log_day AS known (marketplace_id, day, machine, trigger, from_state, to_state, actor_kind, moves)
    SELECT * FROM counted ORDER BY marketplace_id, day, machine, trigger, from_state, to_state, actor_kind
    ON CONFLICT (marketplace_id, day, machine, trigger, from_state, to_state, actor_kind)
    DO UPDATE SET moves = known.moves + excluded.moves
), totals AS (
    INSERT INTO log_total AS known (marketplace_id, machine, trigger, from_state, to_state, actor_kind, moves)
    SELECT marketplace_id, machine, trigger, from_state, to_state, actor_kind, sum(moves) FROM counted
    GROUP BY marketplace_id, machine, trigger, from_state, to_state, actor_kind
    ON CONFLICT (marketplace_id, machine, trigger, from_state, to_state, actor_kind)
    DO UPDATE SET moves = known.moves + excluded.moves
), elsewhere AS (
    INSERT INTO log_counted AS known (system_identifier, below, since, seen_xid, seen_at, counted_at)
    SELECT other, '{_ALL}', here.at, '{_ALL}', here.at, here.at
    FROM here, (SELECT system_identifier FROM fresh UNION SELECT system_identifier FROM log_counted) AS met (other)
    WHERE other <> here.cluster
    ON CONFLICT (system_identifier) DO UPDATE SET below = excluded.below
)
INSERT INTO log_counted AS known (system_identifier, below, since, seen_xid, seen_at, counted_at)
SELECT cluster, below, CASE WHEN below = next THEN at ELSE '-infinity' END, next, at, at FROM here
ON CONFLICT (system_identifier) DO UPDATE SET
    below = excluded.below, counted_at = excluded.counted_at,
    since = CASE WHEN excluded.below = excluded.seen_xid THEN excluded.seen_at
                 WHEN excluded.below >= known.seen_xid THEN known.seen_at ELSE known.since END,
    seen_xid = CASE WHEN excluded.below >= known.seen_xid THEN excluded.seen_xid ELSE known.seen_xid END,
    seen_at = CASE WHEN excluded.below >= known.seen_xid THEN excluded.seen_at ELSE known.seen_at END
"""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How far the counting has come: `uncounted_since` bounds what it has not seen, `as_of` is when it last looked."""

    uncounted_since: datetime
    as_of: datetime | None


async def counted() -> Counted:
    """How far it has come; from the beginning of time where it never ran."""
    found = await fetch_one(
        Counted, f"SELECT ({_SINCE}) AS uncounted_since, (SELECT max(counted_at) FROM log_counted) AS as_of"
    )
    assert found is not None, "a SELECT without FROM answers with a row"
    return found


async def count_transitions() -> None:
    """Counts what is decided by now and was not counted, in the caller's transaction; one run at a time."""
    await execute("SELECT pg_advisory_xact_lock(hashtextextended('log_counted', 0))")
    await execute(_COUNT, await fetch_value(_SINCE))
