"""A run that fails is tried again later, then given up where people see it, and can be given new attempts."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from models.database import execute
from tasks.job import LONGEST_PAUSE, Job
from tasks.run import describe, run_job
from tests.tasks.rows import a_job, find, make_due, row, send_all, stage_sent
from workflows.operations.dead_jobs import dead_jobs, replay
from workflows.runtime.errors import NotFound

pytestmark = pytest.mark.usefixtures("database")


async def fail(id: UUID) -> None:
    raise ConnectionRefusedError("mail server away")


async def succeed(id: UUID) -> None:
    pass


async def fail_until_dead(job: Job) -> int:
    row_id = await stage_sent()
    for _ in range(job.attempts):
        await run_job(job, row_id)
        await make_due([row_id])
        await send_all()
    return row_id


async def test_a_failure_waits_with_its_error_written_down():
    row_id = await stage_sent()

    await run_job(a_job(fail), row_id)

    failed = await row(row_id)
    assert (failed["status"], failed["attempts"], failed["lease"]) == ("waiting", 1, None)
    assert failed["last_error"] == "ConnectionRefusedError: mail server away"
    assert 3 < failed["due_in"].total_seconds() <= 8
    assert failed["wanted_at"] == failed["due_at"]


async def test_a_row_in_its_pause_is_not_sent():
    row_id = await stage_sent()
    await run_job(a_job(fail), row_id)

    await send_all()

    assert (await row(row_id))["status"] == "waiting"


def test_pauses_double_with_jitter_and_end_at_an_hour():
    job = a_job(fail)
    pauses = [[job.pause_after(attempt) for _ in range(200)] for attempt in range(1, 40)]

    for attempt, sample in enumerate(pauses, 1):
        longest = min(timedelta(seconds=8) * 2 ** (attempt - 1), LONGEST_PAUSE)
        assert all(longest / 2 <= pause <= longest for pause in sample)
        assert len(set(sample)) > 100, "without jitter a thousand rows come back in the same instant"
    assert all(max(earlier) <= max(later) * 1.1 for earlier, later in pairwise(pauses))


async def test_after_its_last_attempt_a_job_is_dead_and_stays_so():
    row_id = await fail_until_dead(a_job(fail, attempts=3))

    await send_all()
    await run_job(a_job(succeed), row_id)

    dead = await row(row_id)
    assert (dead["status"], dead["attempts"]) == ("dead", 3)


async def test_a_job_that_crashes_every_time_is_dead_after_its_last_attempt():
    row_id = await stage_sent()
    runs = []

    async def crash(id: UUID) -> None:
        runs.append(1)
        raise asyncio.CancelledError  # as a killed process: neither finished nor put back

    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await run_job(a_job(crash, attempts=3), row_id)
        await make_due([row_id])  # the lease runs out
        await send_all()
    await run_job(a_job(crash, attempts=3), row_id)

    dead = await row(row_id)
    assert len(runs) == 3
    assert (dead["status"], dead["attempts"], dead["lease"]) == ("dead", 3, None)
    assert dead["last_error"] == "its last run never ended"


async def test_a_dead_job_is_listed_with_what_people_need_to_know():
    row_id = await fail_until_dead(a_job(fail))

    (dead,) = await dead_jobs()

    assert (dead.id, dead.actor, dead.queue, dead.attempts) == (row_id, "email.deliver", "emails", 3)
    assert dead.last_error == "ConnectionRefusedError: mail server away"


async def test_a_replayed_job_has_all_its_attempts_again():
    row_id = await fail_until_dead(a_job(fail))

    await replay(row_id)
    await send_all()
    await run_job(a_job(fail), row_id)
    again = await row(row_id)
    await make_due([row_id])
    await send_all()
    await run_job(a_job(succeed), row_id)

    assert (again["status"], again["attempts"]) == ("waiting", 1)
    assert await find(row_id) is None


async def test_only_a_dead_job_can_be_replayed():
    row_id = await stage_sent()

    with pytest.raises(NotFound):
        await replay(row_id)
    with pytest.raises(NotFound):
        await replay(row_id + 1)


async def test_a_run_is_cut_off_before_its_lease_ends():
    async def hang(id: UUID) -> None:
        await asyncio.Event().wait()

    row_id = await stage_sent()
    job = Job("email.deliver", hang, timedelta(seconds=0.5), 3, timedelta(seconds=8))

    await run_job(job, row_id)

    cut_off = await row(row_id)
    assert (cut_off["status"], cut_off["last_error"]) == ("waiting", "TimeoutError")


def test_what_is_written_down_of_an_error_holds_no_secret():
    token = "Zx9" * 21 + "-"
    error = ValueError(
        f"no answer to https://x.example/portal/a/access/{token} with {token}\nDETAIL: Key (email)=(a@b.c)"
    )

    assert describe(error) == ("ValueError: no answer to https://x.example/portal/a/access/[redacted] with [redacted]")
    assert len(describe(ValueError("x y " * 1000))) == 500


async def test_a_row_whose_arguments_are_no_ids_is_put_back_with_the_reason():
    row_id = await stage_sent()
    await execute("""UPDATE outbox SET args = '{"id": "7"}' WHERE id = $1""", row_id)

    await run_job(a_job(succeed), row_id)

    assert "badly formed" in (await row(row_id))["last_error"]
