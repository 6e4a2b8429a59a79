"""The clock's work: no tick missed, none twice, and one run after a standstill."""

import asyncio
from datetime import timedelta
from inspect import signature

import pytest

from models.database import execute, fetch, fetch_value
from tasks.catalogue import JOBS
from tasks.schedule import SCHEDULE, publish, tick
from tests.tasks.rows import send_all
from workflows.engine.job_names import ACTORS

pytestmark = pytest.mark.usefixtures("database")

HOURLY = {"link_request.sweep": timedelta(hours=1)}


async def staged() -> list[str]:
    return [row["actor"] for row in await fetch("SELECT actor FROM outbox ORDER BY id")]


async def next_run_in() -> timedelta:
    return await fetch_value("SELECT next_run_at - clock_timestamp() FROM schedule")


async def stand_still(interval: str) -> None:
    """The entry was due so long ago."""
    await execute("UPDATE schedule SET next_run_at = now() - $1::text::interval", interval)


async def test_a_new_entry_runs_at_once_then_at_its_interval():
    await publish(HOURLY)

    first, second = await tick(), await tick()

    assert (first, second) == (1, 0)
    assert await staged() == ["link_request.sweep"]
    assert timedelta(minutes=59) < await next_run_in() <= timedelta(hours=1)


async def test_ten_dispatchers_at_once_stage_one_run():
    await publish(HOURLY)

    counts = await asyncio.gather(*(tick() for _ in range(10)))

    assert sum(counts) == 1
    assert await staged() == ["link_request.sweep"]


async def test_after_a_standstill_of_days_there_is_one_run_and_the_rhythm_is_kept():
    await publish(HOURLY)
    await stand_still("3 days 20 minutes")

    await tick()

    assert await staged() == ["link_request.sweep"]
    assert timedelta(minutes=39) < await next_run_in() <= timedelta(minutes=40)


async def test_a_tick_that_is_due_right_now_is_not_skipped():
    await publish(HOURLY)
    await stand_still("0")

    assert await tick() == 1
    assert await next_run_in() <= timedelta(hours=1)


async def test_a_run_that_still_waits_stands_for_the_ticks_after_it():
    await publish(HOURLY)
    await tick()
    await stand_still("1 hour")
    await tick()
    await send_all()
    await stand_still("1 hour")
    await tick()

    assert await staged() == ["link_request.sweep"]


async def test_a_run_that_has_begun_does_not_stand_for_the_next_tick():
    await publish(HOURLY)
    await tick()
    await execute("UPDATE outbox SET status = 'running'")
    await stand_still("1 hour")
    await tick()

    assert await staged() == ["link_request.sweep"] * 2


async def test_publishing_again_keeps_the_next_run_and_takes_out_what_is_no_longer_defined():
    await publish({**HOURLY, "charge.sweep": timedelta(minutes=1)})
    await tick()
    before = await fetch_value("SELECT next_run_at FROM schedule WHERE name = 'link_request.sweep'")

    await publish(HOURLY)

    rows = await fetch("SELECT name, queue, every, next_run_at FROM schedule")
    assert [tuple(row) for row in rows] == [("link_request.sweep", "sweeps", timedelta(hours=1), before)]


async def test_a_shorter_interval_takes_effect_at_once():
    await publish(HOURLY)
    await tick()

    await publish({"link_request.sweep": timedelta(minutes=1)})

    assert await next_run_in() <= timedelta(minutes=1)


async def test_a_run_staged_for_one_entity_does_not_stand_for_the_tick():
    await publish(HOURLY)
    await execute("""INSERT INTO outbox (queue, actor, args) VALUES ('sweeps', 'link_request.sweep', '{"id": "1"}')""")

    await tick()

    assert await staged() == ["link_request.sweep"] * 2


def test_every_sweep_is_in_the_schedule():
    sweeps = {name for name, queue in ACTORS.items() if queue == "sweeps"}

    assert set(SCHEDULE) >= sweeps - {
        "import.step",
        "checkpoint.publish",
    }  # as long as there is an import; for each checkpoint


def test_what_is_scheduled_can_run_without_arguments():
    jobs = {job.name: job for job in JOBS}

    for name in SCHEDULE:
        signature(jobs[name].function).bind()
