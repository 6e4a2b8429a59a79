"""The questions that several facts ask: is something past its end still open, does what waits have its job."""

from workflows.audit.invariants.overdue import GRACE


def past_end(table: str, state: str) -> str:
    """Rows of `table` that are still in `state`, 15 minutes past their end."""
    return f"""
    SELECT marketplace_id, id AS entity, format('it is {state}, and ended at %s', rfc3339(expires_at)) AS tells
    FROM {table} WHERE state = '{state}' AND expires_at <= now() - {GRACE}
    """


def without_job(table: str, waits: str, *actors: str) -> str:
    """Rows of `table` that meet `waits` since 15 minutes, while the outbox has none of `actors` for them, not even one
    that was given up: of that somebody was told."""
    names = ", ".join(f"'{actor}'" for actor in actors)
    return f"""
    SELECT {table}.marketplace_id, {table}.id AS entity, 'it waits, and no job does it' AS tells
    FROM {table} WHERE {waits} AND {table}.moved_at <= now() - {GRACE} AND NOT EXISTS (SELECT FROM outbox
        WHERE outbox.actor IN ({names}) AND outbox.args ->> 'id' = {table}.id::text)
    """
