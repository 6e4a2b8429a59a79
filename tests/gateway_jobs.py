"""What the workers do with the events that gateways sent."""

import asyncio

from models.database import execute, fetch_row, fetch_value
from tasks.jobs import charges
from tasks.run import run_job

_ACTOR = "gateway_event.apply"


async def apply_kept_events() -> int:
    """Runs the jobs of all stored events, again as long as one succeeds; returns how many are too early still."""
    while await _run_each_once():
        pass
    return await fetch_value("SELECT count(*) FROM outbox WHERE actor = $1", _ACTOR)


async def _run_each_once() -> int:
    """Returns how many of them succeeded."""
    done = 0
    await execute("UPDATE outbox SET status = 'sent' WHERE actor = $1", _ACTOR)
    while job := await fetch_value("SELECT min(id) FROM outbox WHERE actor = $1 AND status = 'sent'", _ACTOR):
        await asyncio.create_task(run_job(charges.apply_event, job))  # in a context of its own, as in a worker
        left = await fetch_row("SELECT status, last_error FROM outbox WHERE id = $1", job)
        assert left is None or left["last_error"].startswith("EventTooEarly"), left
        done += left is None
    return done
