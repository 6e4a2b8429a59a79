"""Real workers and dispatchers, from staging to the end of the row, through what happens to processes."""

import signal

import asyncpg
import redis

from models.database import fetch_value
from tests.conftest import FreshDatabase
from tests.tasks.processes import Processes, repeated, until
from tests.tasks.rows import none_left, stage, statuses


async def test_staged_work_is_done_and_nothing_of_it_is_left(processes: Processes, valkey_url: str):
    await processes.ready(processes.worker(), processes.dispatcher())

    ids = await stage("link.request", count=50)
    await until(lambda: len(processes.noted(job="link.request")) >= 50)
    await until(none_left)

    assert sorted(processes.noted(job="link.request")) == sorted(ids)
    client = redis.Redis.from_url(valkey_url)
    await until(lambda: client.hlen("gatehouse:links.msgs") == 0)


async def both_are_alive() -> bool:
    return await fetch_value("SELECT count(DISTINCT kind) FROM heartbeat") == 2


async def test_flushing_valkey_under_load_loses_nothing_and_repeats_nothing(processes: Processes, valkey_url: str):
    await processes.ready(processes.worker("links"), processes.dispatcher())
    client = redis.Redis.from_url(valkey_url)

    ids: list[int] = []
    for flushed in range(1, 16):
        ids += await stage("link.request", count=100)
        await until(lambda wanted=flushed * 50: len(processes.noted()) >= wanted)
        client.flushall()
    await until(none_left)

    assert sorted(processes.noted()) == sorted(ids)


async def test_a_frozen_worker_loses_its_lease_and_cannot_finish_when_it_wakes(processes: Processes):
    frozen = processes.worker("emails")
    await processes.ready(frozen, processes.dispatcher())
    (row_id,) = await stage("email.deliver")
    await until(lambda: processes.noted("begun") == [row_id])
    frozen.signal(signal.SIGSTOP)
    await processes.worker("emails").ready()
    processes.gate.touch()
    await until(none_left)

    frozen.signal(signal.SIGCONT)
    await until(lambda: frozen.said("lease lost"))

    assert processes.noted("begun") == [row_id, row_id]
    assert processes.noted("done") == [row_id]
    assert await fetch_value("SELECT count(*) FROM captured_email") == 1


async def test_a_killed_workers_row_is_done_by_another(processes: Processes):
    killed = processes.worker("emails")
    await processes.ready(killed, processes.dispatcher())
    (row_id,) = await stage("email.deliver")
    await until(lambda: processes.noted("begun") == [row_id])
    killed.signal(signal.SIGKILL)
    processes.gate.touch()

    await processes.worker("emails").ready()
    await until(none_left)

    assert processes.noted("begun") == [row_id, row_id]
    assert await fetch_value("SELECT count(*) FROM captured_email") == 1


async def test_a_burst_of_documents_does_not_delay_a_link(processes: Processes):
    """Workers as `./gatehouse demo` and docker-compose.yml run them: links have one of their own."""
    documents, links = processes.worker("documents", "sweeps"), processes.worker("links")
    await stage("document.render", count=2_000)
    await processes.ready(documents, links, processes.dispatcher())
    await until(lambda: len(processes.noted(job="document")) >= 100)

    await stage("link.request", count=20)
    await until(lambda: len(processes.noted(job="link.request")) == 20)

    order = processes.order()
    rendered_before_the_last_link = order.count("document.render")
    assert rendered_before_the_last_link < 1_000
    assert (await statuses())["waiting"] > 0, "documents should still be queued behind"


async def test_processes_refuse_a_role_that_could_rewrite_the_log(processes: Processes, fresh_database: FreshDatabase):
    dispatcher = processes.dispatcher(DATABASE_URL=fresh_database.superuser_url)
    worker = processes.worker(DATABASE_URL=fresh_database.owner_url)

    assert await dispatcher.ended() != 0
    assert await worker.ended() != 0
    assert dispatcher.said("can only add to the log")
    assert worker.said("can only add to the log")


async def test_running_processes_say_that_they_are_alive(processes: Processes):
    await processes.ready(processes.worker(), processes.dispatcher())

    await until(both_are_alive)


async def test_work_goes_on_after_the_database_dropped_every_connection(
    processes: Processes, fresh_database: FreshDatabase
):
    named = f"{fresh_database.app_url}?application_name=to_be_cut_off"
    await processes.ready(processes.worker("links", DATABASE_URL=named), processes.dispatcher(DATABASE_URL=named))
    administrator = await asyncpg.connect(fresh_database.superuser_url)
    for round_number in range(1, 4):
        await stage("link.request", count=20)
        await until(lambda wanted=round_number * 20 - 10: len(processes.noted()) >= wanted)
        await administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to_be_cut_off'"
        )
    await administrator.close()
    await until(lambda: len(set(processes.noted())) == 60)

    # a run whose connection was cut after its work may run again: it never ended
    assert len(repeated(processes.noted())) <= 3 * 4
