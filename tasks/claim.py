"""Which outbox rows the dispatcher sends next, and what it says about them to the database.

A row is due when it waits and its time has come, when it was sent and nobody started it, or when its run's lease has
ended. By state, never by "id above the last one seen": that misses rows which commit out of order
(docs/decisions/0003).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from models.database import execute, fetch
from workflows.engine.job_names import QUEUES


class DueRow(msgspec.Struct, frozen=True):
    """A row claimed for sending."""

    id: int
    actor: str
    queue: str


# now(), not clock_timestamp(): a volatile function would keep the index outbox_due from being used
CLAIM = """
WITH due AS (
    SELECT picked.id FROM unnest($1::text[], $2::int[]) AS line(queue, most) CROSS JOIN LATERAL (
        SELECT id FROM outbox
        WHERE outbox.queue = line.queue AND status <> 'dead' AND due_at <= now()
        ORDER BY due_at
        LIMIT greatest(line.most - (SELECT count(*) FROM outbox AS ahead
                             WHERE ahead.queue = line.queue AND ahead.status = 'sent' AND ahead.due_at > now()), 0)
        FOR UPDATE SKIP LOCKED) AS picked)
UPDATE outbox SET status = 'sent', lease = NULL, due_at = clock_timestamp() + $3
FROM due WHERE outbox.id = due.id
RETURNING outbox.id, outbox.actor, outbox.queue
"""


async def claim(unstarted: Mapping[str, int], resend_after: timedelta) -> list[DueRow]:
    """Marks due rows 'sent', of each queue so many that at most `unstarted[queue]` are sent and not started; answers
    with them, in the order of `QUEUES`. Two dispatchers at the same instant may each fill the gap that they saw.
    """
    rows = [DueRow(**row) for row in await fetch(CLAIM, list(unstarted), list(unstarted.values()), resend_after)]
    return sorted(rows, key=lambda row: (QUEUES.index(row.queue), row.id))


async def unclaim(rows: Sequence[DueRow], due_in: timedelta) -> None:
    """Takes back what could not be sent. Harmless when one was sent and started after all."""
    await execute(
        "UPDATE outbox SET status = 'waiting', due_at = clock_timestamp() + $2 WHERE id = ANY($1) AND status = 'sent'",
        [row.id for row in rows],
        due_in,
    )


async def resend_all() -> int:
    """Makes every row that was sent and not started due at once: the broker forgot what it carried."""
    return await execute("UPDATE outbox SET due_at = now() WHERE status = 'sent' AND due_at > now()")
