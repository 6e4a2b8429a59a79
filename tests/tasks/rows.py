"""Outbox rows for tests: put there as workflows do, sent as the dispatcher does."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from models.database import Record, execute, fetch, fetch_row, fetch_value
from tasks.claim import claim
from tasks.job import Job, JobFunction
from tasks.schedule import SCHEDULE
from workflows.engine.job_names import ACTORS, QUEUES


def a_job(function: JobFunction, name: str = "email.deliver", *, atomic: bool = False, attempts: int = 3) -> Job:
    """A job of the test's own under a real name, with a lease that no test outlives."""
    return Job(name, function, timedelta(minutes=1), attempts, timedelta(seconds=8), atomic)


async def stage(actor: str = "email.deliver", count: int = 1) -> list[int]:
    """The ids of so many new rows, each with an id of its own as argument."""
    rows = await fetch(
        "INSERT INTO outbox (queue, actor, args) SELECT $1, $2, jsonb_build_object('id', value)"
        " FROM unnest($3::text[]) AS value RETURNING id",
        ACTORS[actor],
        actor,
        [str(uuid4()) for _ in range(count)],
    )
    return [row["id"] for row in rows]


async def send_all() -> None:
    """Marks what is due as sent, without a broker."""
    await claim(dict.fromkeys(QUEUES, 1_000_000), timedelta(minutes=5))


async def stage_sent(actor: str = "email.deliver") -> int:
    """A row that a message may start now."""
    (row_id,) = await stage(actor)
    await send_all()
    return row_id


async def find(row_id: int) -> Record | None:
    return await fetch_row("SELECT *, due_at - clock_timestamp() AS due_in FROM outbox WHERE id = $1", row_id)


async def row(row_id: int) -> Record:
    found = await find(row_id)
    assert found is not None, f"row {row_id} has gone"
    return found


async def make_due(row_ids: Sequence[int]) -> None:
    """Time passes: back-off, patience or lease is over."""
    await execute("UPDATE outbox SET due_at = now() WHERE id = ANY($1)", row_ids)


async def rows_left() -> int:
    """How much of what tests stage is still to be done; the schedule's own work does not count."""
    return await fetch_value("SELECT count(*) FROM outbox WHERE status <> 'dead' AND actor <> ALL($1)", list(SCHEDULE))


async def none_left() -> bool:
    return await rows_left() == 0


async def statuses() -> dict[str, int]:
    return {row["status"]: row["n"] for row in await fetch("SELECT status, count(*) AS n FROM outbox GROUP BY status")}
