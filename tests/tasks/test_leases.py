"""A row is started by one run at a time, and ended only by the run that holds it."""

import asyncio
from uuid import UUID, uuid4

import pytest

from models.database import execute, fetch_value, transaction
from tasks.run import run_job
from tests.tasks.rows import a_job, find, make_due, row, send_all, stage, stage_sent
from workflows.engine.outbox import LeaseLost, current_job, finish_current
from workflows.runtime.request import request_id

pytestmark = pytest.mark.usefixtures("database")


async def keep_effect() -> UUID:
    """An effect in the database: a row that was not there."""
    effect = uuid4()
    await execute(
        "INSERT INTO captured_email (id, sender, recipient, subject, html, plain, template)"
        " VALUES ($1, 's', 'r', '', '', '', 't')",
        effect,
    )
    return effect


async def effects() -> int:
    return await fetch_value("SELECT count(*) FROM captured_email")


async def test_a_finished_job_leaves_no_row_and_got_the_ids_of_its_row():
    given: list[UUID] = []

    async def work(id: UUID) -> None:
        given.append(id)

    row_id = await stage_sent()
    wanted = (await row(row_id))["args"]["id"]

    await run_job(a_job(work), row_id)

    assert given == [UUID(wanted)]
    assert await find(row_id) is None


async def test_starting_counts_the_attempt_and_takes_a_lease_before_any_work():
    seen = []

    async def work(id: UUID) -> None:
        seen.append(await row(row_id))

    row_id = await stage_sent()

    await run_job(a_job(work), row_id)

    (during,) = seen
    assert (during["status"], during["attempts"]) == ("running", 1)
    assert during["lease"] is not None
    assert 50 < during["due_in"].total_seconds() <= 60


async def test_a_message_that_comes_twice_runs_once():
    runs = []
    begun, release = asyncio.Event(), asyncio.Event()

    async def work(id: UUID) -> None:
        runs.append(1)
        begun.set()
        await release.wait()

    row_id = await stage_sent()
    first = asyncio.create_task(run_job(a_job(work), row_id))
    await begun.wait()
    await run_job(a_job(work), row_id)
    release.set()
    await first
    await run_job(a_job(work), row_id)

    assert runs == [1]


async def test_twenty_copies_of_a_message_at_once_run_once():
    begun = []

    async def work(id: UUID) -> None:
        begun.append(1)
        await keep_effect()

    row_id = await stage_sent()

    await asyncio.gather(*(run_job(a_job(work), row_id) for _ in range(20)))

    assert begun == [1]


async def test_a_row_that_was_not_sent_cannot_be_started():
    async def work(id: UUID) -> None:
        raise AssertionError("must not run")

    (row_id,) = await stage()

    await run_job(a_job(work), row_id)

    assert (await row(row_id))["status"] == "waiting"
    assert (await row(row_id))["attempts"] == 0


async def test_a_zombie_cannot_finish_and_its_effect_is_undone():
    frozen, thawed = asyncio.Event(), asyncio.Event()

    async def freeze_then_act(id: UUID) -> None:
        frozen.set()
        await thawed.wait()
        async with transaction():
            await keep_effect()
            await finish_current()

    async def act(id: UUID) -> None:
        async with transaction():
            await keep_effect()
            await finish_current()

    row_id = await stage_sent()
    zombie = asyncio.create_task(run_job(a_job(freeze_then_act), row_id))
    await frozen.wait()
    await make_due([row_id])  # its lease is over
    await send_all()
    await run_job(a_job(act), row_id)
    thawed.set()
    await zombie

    assert await effects() == 1
    assert await find(row_id) is None


async def test_a_zombie_of_an_atomic_job_is_undone_without_the_job_knowing():
    frozen, thawed = asyncio.Event(), asyncio.Event()

    async def act(id: UUID) -> None:
        await keep_effect()
        frozen.set()
        await thawed.wait()

    row_id = await stage_sent()
    zombie = asyncio.create_task(run_job(a_job(act, atomic=True), row_id))
    await frozen.wait()
    await make_due([row_id])
    await send_all()
    second = asyncio.create_task(run_job(a_job(act, atomic=True), row_id))
    thawed.set()
    await asyncio.gather(zombie, second)

    assert await effects() == 1
    assert await find(row_id) is None


async def test_a_zombie_that_fails_does_not_put_back_what_another_run_holds():
    frozen, thawed, running, release = (asyncio.Event() for _ in range(4))

    async def freeze_then_fail(id: UUID) -> None:
        frozen.set()
        await thawed.wait()
        raise ValueError("too late to matter")

    async def hold(id: UUID) -> None:
        running.set()
        await release.wait()

    row_id = await stage_sent()
    zombie = asyncio.create_task(run_job(a_job(freeze_then_fail), row_id))
    await frozen.wait()
    await make_due([row_id])
    await send_all()
    second = asyncio.create_task(run_job(a_job(hold), row_id))
    await running.wait()
    thawed.set()
    await zombie
    held = await row(row_id)
    release.set()
    await second

    assert (held["status"], held["attempts"], held["last_error"]) == ("running", 2, None)
    assert await find(row_id) is None


async def test_an_atomic_job_that_fails_leaves_neither_effect_nor_a_finished_row():
    async def act_and_fail(id: UUID) -> None:
        await keep_effect()
        raise ValueError("half way")

    row_id = await stage_sent()

    await run_job(a_job(act_and_fail, atomic=True), row_id)

    assert await effects() == 0
    assert (await row(row_id))["status"] == "waiting"


async def test_a_failed_transaction_does_not_finish_the_job():
    async def act(id: UUID) -> None:
        async with transaction():
            await keep_effect()
            await finish_current()
            raise ValueError("after finishing, before the commit")

    row_id = await stage_sent()

    await run_job(a_job(act), row_id)

    assert await effects() == 0
    assert (await row(row_id))["status"] == "waiting"


async def test_outside_of_a_job_finishing_does_nothing():
    assert current_job.get() is None
    await finish_current()


async def test_finishing_with_a_lost_lease_says_so():
    lost = []

    async def work(id: UUID) -> None:
        await make_due([row_id])
        await send_all()
        try:
            await finish_current()
        except LeaseLost as error:
            lost.append(error.code)
            raise

    row_id = await stage_sent()

    await run_job(a_job(work), row_id)

    assert lost == ["lease_lost"]
    assert (await row(row_id))["status"] == "sent"


async def test_a_job_moves_things_in_the_name_of_the_request_that_staged_it():
    seen = []

    async def work(id: UUID) -> None:
        seen.append(request_id.get())

    row_id = await stage_sent()
    await execute("UPDATE outbox SET request_id = 'req-1' WHERE id = $1", row_id)

    await asyncio.create_task(run_job(a_job(work), row_id))

    assert seen == ["req-1"]
    assert request_id.get() is None
