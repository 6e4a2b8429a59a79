"""Ready means that staged work gets done in time, and names what is wrong when it does not."""

from datetime import timedelta

import pytest

from models.database import close_pool, execute
from tests.conftest import FreshDatabase
from tests.tasks.rows import send_all, stage
from workflows.engine.job_names import QUEUES
from workflows.engine.outbox import stage as stage_job
from workflows.operations.health import health
from workflows.runtime.clock import now


@pytest.fixture
async def alive(database: FreshDatabase) -> FreshDatabase:
    """A deployment whose processes have just said that they are alive."""
    await execute("INSERT INTO heartbeat (process, kind) VALUES ('d', 'dispatcher'), ('w', 'worker')")
    return database


async def age(interval: str) -> None:
    await execute("UPDATE outbox SET due_at = now() - $1::text::interval", interval)
    await execute("UPDATE outbox SET wanted_at = due_at")


@pytest.mark.usefixtures("alive")
async def test_a_deployment_with_nothing_to_do_is_ready():
    found = await health()

    assert found.ready
    assert found.reasons == []
    assert set(found.queues) == set(QUEUES)
    assert all((queue.waiting, queue.oldest_wait_seconds, queue.dead) == (0, 0, 0) for queue in found.queues.values())


@pytest.mark.usefixtures("alive")
async def test_a_link_that_waits_for_a_minute_is_an_outage_and_says_so():
    await stage("link.request")
    await age("70 seconds")

    found = await health()

    assert not found.ready
    assert found.reasons == ["links: oldest job waits for 70 s"]


@pytest.mark.usefixtures("alive")
async def test_rows_that_are_sent_again_and_again_count_from_when_they_should_have_started():
    await stage("link.request")
    await age("70 seconds")
    await send_all()

    assert (await health()).reasons == ["links: oldest job waits for 70 s"]


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(("actor", "still_well", "unwell"), [
    ("link.request", "50 seconds", "65 seconds"),
    ("charge.submit", "4 minutes", "6 minutes"),
    ("email.deliver", "4 minutes", "6 minutes"),
    ("document.render", "14 minutes", "16 minutes"),
    ("access_token.sweep", "14 minutes", "16 minutes"),
])  # fmt: skip
async def test_each_class_of_work_has_its_own_patience(actor: str, still_well: str, unwell: str):
    await stage(actor)

    await age(still_well)
    before = await health()
    await age(unwell)
    after = await health()

    assert before.ready
    assert not after.ready


@pytest.mark.usefixtures("alive")
async def test_work_for_later_and_work_under_way_do_not_count_as_waiting():
    await stage("link.request", count=2)
    await age("10 minutes")
    await execute("UPDATE outbox SET status = 'running', due_at = now() + interval '1 minute'")
    await stage("link.request")
    await execute("UPDATE outbox SET due_at = now() + interval '1 day', wanted_at = due_at WHERE status = 'waiting'")

    assert (await health()).ready


@pytest.mark.usefixtures("alive")
async def test_work_staged_for_tomorrow_waits_from_tomorrow():
    await stage_job("email.deliver", None, due_at=now() + timedelta(days=1))

    assert (await health()).queues["emails"].waiting == 0


@pytest.mark.usefixtures("alive")
async def test_dead_jobs_are_counted_and_leave_ready_green():
    await stage("email.deliver", count=3)
    await execute("UPDATE outbox SET status = 'dead'")
    await age("1 day")

    found = await health()

    assert found.ready
    assert found.queues["emails"].dead == 3


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("kind", ["dispatcher", "worker"])
async def test_a_kind_of_process_that_fell_silent_is_named(kind: str):
    await execute("UPDATE heartbeat SET at = now() - interval '40 seconds' WHERE kind = $1", kind)

    assert (await health()).reasons == [f"no {kind} has been alive for 30 s"]


@pytest.mark.usefixtures("alive")
async def test_one_live_worker_is_enough():
    await execute("INSERT INTO heartbeat (process, kind, at) VALUES ('old', 'worker', now() - interval '1 hour')")

    assert (await health()).ready


@pytest.mark.usefixtures("database")
async def test_a_deployment_without_processes_is_not_ready():
    assert (await health()).reasons == ["no dispatcher has been alive for 30 s", "no worker has been alive for 30 s"]


@pytest.mark.usefixtures("alive")
async def test_without_a_database_the_answer_says_so():
    await close_pool()

    found = await health()

    assert not found.ready
    assert found.reasons == ["database does not answer (PoolMissing)"]
