"""The life of an outbox row in a worker's hands: started, finished, put back, or dead. Each is one statement.

A lease is a fresh UUID per run. Whoever does not hold the row's present one changes nothing: a message that comes
twice cannot start twice, and a run that froze and woke can neither finish nor put back what another run has taken.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from models.database import execute, fetch_row

NEVER_ENDED = "its last run never ended"  # what is known of a crash
CUT_OFF = "its worker was told to end"


class Started(msgspec.Struct, frozen=True):
    """A run that may begin (or, `dead`, the discovery that the last one allowed has crashed)."""

    lease: UUID
    args: dict[str, Any]
    request_id: str | None
    attempt: int
    dead: bool


async def start(outbox_id: int, lease_for: timedelta, attempts: int) -> Started | None:
    """Takes a fresh lease on a row that was sent, and counts the attempt. None: done, or in other hands.

    A row whose `attempts` are all used up is here because its last run crashed: it is dead from now on.
    """
    lease = uuid4()
    row = await fetch_row(
        "UPDATE outbox SET status = CASE WHEN attempts < $4 THEN 'running' ELSE 'dead' END,"
        " attempts = least(attempts + 1, $4), lease = CASE WHEN attempts < $4 THEN $2::uuid END,"
        " due_at = clock_timestamp() + $3,"
        " last_error = CASE WHEN attempts < $4 THEN last_error ELSE coalesce(last_error, $5) END"
        " WHERE id = $1 AND status = 'sent' RETURNING args, request_id, attempts, status",
        outbox_id,
        lease,
        lease_for,
        attempts,
        NEVER_ENDED,
    )
    if row is None:
        return None
    return Started(lease, row["args"], row["request_id"], row["attempts"], row["status"] == "dead")


async def finish(outbox_id: int, lease: UUID) -> bool:
    """Ends a run whose work is done; False when it no longer holds the row."""
    return bool(await execute("DELETE FROM outbox WHERE id = $1 AND lease = $2", outbox_id, lease))


async def requeue(outbox_id: int, lease: UUID, pause: timedelta, error: str) -> bool:
    """Ends a run that failed: another is due after `pause`; False when it no longer holds the row."""
    touched = await execute(
        "UPDATE outbox SET status = 'waiting', lease = NULL, last_error = $4,"
        " wanted_at = now() + $3, due_at = now() + $3 WHERE id = $1 AND lease = $2",
        outbox_id,
        lease,
        pause,
        error,
    )
    return bool(touched)


async def release(outbox_id: int, lease: UUID) -> bool:
    """Ends a run that its worker's end cut off: it is due at once and cost no attempt; False when it is not held."""
    touched = await execute(
        "UPDATE outbox SET status = 'waiting', lease = NULL, attempts = attempts - 1,"
        " last_error = $3, due_at = now() WHERE id = $1 AND lease = $2",
        outbox_id,
        lease,
        CUT_OFF,
    )
    return bool(touched)


async def mark_dead(outbox_id: int, lease: UUID, error: str) -> bool:
    """Ends the last run allowed, which failed too; False when it no longer holds the row."""
    touched = await execute(
        "UPDATE outbox SET status = 'dead', lease = NULL, last_error = $3 WHERE id = $1 AND lease = $2",
        outbox_id,
        lease,
        error,
    )
    return bool(touched)
