"""`./gatehouse jobs`: what was given up is shown, and runs again when asked."""

import asyncio
from collections.abc import Callable
from subprocess import Popen

import pytest

from models.database import execute, fetch_row
from tests.tasks.rows import stage

Run = Callable[..., "Popen[str]"]


async def gatehouse(run_python: Run, *words: str) -> tuple[int, str]:
    process = run_python("-m", "cli", *words)
    output, _ = await asyncio.to_thread(process.communicate)
    return process.returncode, output


@pytest.mark.usefixtures("database")
async def test_dead_jobs_are_listed_with_their_error_and_replayed(run_python: Run):
    (job_id,) = await stage("document.render")
    await execute("UPDATE outbox SET status = 'dead', attempts = 6, last_error = 'RenderFailed: no font'")

    status, listed = await gatehouse(run_python, "jobs", "dead")
    assert status == 0
    assert str(job_id) in listed
    assert "document.render" in listed

    status, answer = await gatehouse(run_python, "jobs", "replay", str(job_id))
    assert (status, answer.strip()) == (0, f"Job {job_id} will run again.")
    row = await fetch_row("SELECT status, attempts FROM outbox WHERE id = $1", job_id)
    assert row is not None
    assert tuple(row) == ("waiting", 0)


@pytest.mark.usefixtures("database")
async def test_a_job_that_is_not_dead_is_not_replayed(run_python: Run):
    (job_id,) = await stage("document.render")

    status, answer = await gatehouse(run_python, "jobs", "replay", str(job_id))

    assert status == 1
    assert answer.strip() == f"no dead job {job_id}"
