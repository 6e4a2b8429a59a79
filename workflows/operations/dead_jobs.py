"""Work that was given up after its last attempt: shown to people, and put back when the cause is mended."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import execute, fetch_all
from workflows.runtime.errors import NotFound


class DeadJob(msgspec.Struct, frozen=True, kw_only=True):
    """One row that will not run again by itself. `args` are ids; `last_error` holds no secret (tasks/run.py)."""

    id: int
    marketplace_id: UUID | None
    queue: str
    actor: str
    args: dict[str, Any]
    attempts: int
    last_error: str | None
    created_at: datetime


async def dead_jobs(limit: int = 100) -> list[DeadJob]:
    """The oldest `limit` of them, first staged first."""
    return await fetch_all(
        DeadJob,
        f"SELECT {', '.join(DeadJob.__struct_fields__)} FROM outbox WHERE status = 'dead' ORDER BY id LIMIT $1",
        limit,
    )


async def replay(job_id: int) -> None:
    """Gives a dead job all its attempts again, from now. Raises NotFound when no dead job has that id."""
    revived = await execute(
        "UPDATE outbox SET status = 'waiting', attempts = 0, told_at = NULL, wanted_at = clock_timestamp(),"
        " due_at = clock_timestamp()"
        " WHERE id = $1 AND status = 'dead'",
        job_id,
    )
    if not revived:
        raise NotFound(f"no dead job {job_id}")
