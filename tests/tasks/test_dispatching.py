"""The dispatcher sends what is due, no more than the workers want, and loses nothing that Valkey loses."""

import asyncio
import socket
from datetime import timedelta

import dramatiq
import pytest
import redis

from models.database import execute, fetch, fetch_value
from tasks.broker import NAMESPACE, connect
from tasks.claim import CLAIM
from tasks.dispatcher import MEMORY_MARK, Dispatcher
from tests.tasks.processes import until
from tests.tasks.rows import make_due, row, stage, statuses
from workflows.engine.job_names import ACTORS, QUEUES


@pytest.fixture
def valkey(database: object, valkey_url: str) -> redis.Redis:
    return connect(valkey_url)


def messages(valkey: redis.Redis, queue: str = "emails") -> int:
    return valkey.llen(f"{NAMESPACE}:{queue}")


def a_dead_address() -> str:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{closed.getsockname()[1]}/0"


async def test_a_due_row_is_sent_once(valkey: redis.Redis):
    (row_id,) = await stage()
    dispatcher = Dispatcher(valkey)

    counts = [await dispatcher.run_once(), await dispatcher.run_once()]

    assert counts == [1, 0]
    assert messages(valkey) == 1
    sent = await row(row_id)
    assert (sent["status"], sent["attempts"]) == ("sent", 0)
    assert 9 < sent["due_in"].total_seconds() <= 10


async def test_a_row_staged_for_later_waits(valkey: redis.Redis):
    (row_id,) = await stage()
    await execute("UPDATE outbox SET due_at = now() + interval '1 minute' WHERE id = $1", row_id)

    assert await Dispatcher(valkey).run_once() == 0


async def test_a_row_that_nobody_starts_is_sent_again_and_it_costs_no_attempt(valkey: redis.Redis):
    (row_id,) = await stage()
    dispatcher = Dispatcher(valkey)
    await dispatcher.run_once()
    await make_due([row_id])

    assert await dispatcher.run_once() == 1

    assert messages(valkey) == 2
    assert (await row(row_id))["attempts"] == 0


async def test_a_backlog_waits_in_the_database_not_in_valkey(valkey: redis.Redis):
    await stage(count=50)
    dispatcher = Dispatcher(valkey, unstarted=20)

    first, second = await dispatcher.run_once(), await dispatcher.run_once()
    await execute(
        "UPDATE outbox SET status = 'running' WHERE id IN (SELECT id FROM outbox WHERE status = 'sent' LIMIT 5)"
    )
    third = await dispatcher.run_once()

    assert (first, second, third) == (20, 0, 5)
    assert await statuses() == {"sent": 20, "running": 5, "waiting": 25}


async def test_a_full_queue_does_not_hold_up_another(valkey: redis.Redis):
    await stage("document.render", count=50)
    dispatcher = Dispatcher(valkey, unstarted=20)
    await dispatcher.run_once()
    await stage("link.request", count=3)

    assert await dispatcher.run_once() == 3

    assert messages(valkey, "links") == 3


async def test_the_oldest_wait_is_over_first(valkey: redis.Redis):
    newer, older = await stage(count=2)
    await execute("UPDATE outbox SET due_at = due_at - interval '1 minute' WHERE id = $1", older)

    await Dispatcher(valkey, unstarted=1).run_once()

    assert (await row(older))["status"] == "sent"
    assert (await row(newer))["status"] == "waiting"


async def test_two_dispatchers_never_send_the_same_row(valkey: redis.Redis):
    await stage(count=300)
    dispatchers = [Dispatcher(valkey, unstarted=1000) for _ in range(4)]

    counts = await asyncio.gather(*(dispatcher.run_once() for dispatcher in dispatchers))

    assert sum(counts) == 300
    assert messages(valkey) == 300


async def test_a_dead_row_is_never_sent(valkey: redis.Redis):
    (row_id,) = await stage()
    await execute("UPDATE outbox SET status = 'dead' WHERE id = $1", row_id)

    assert await Dispatcher(valkey).run_once() == 0


async def test_what_a_flushed_valkey_forgot_is_sent_again_at_once(valkey: redis.Redis):
    await stage(count=30)
    dispatcher = Dispatcher(valkey)
    await dispatcher.run_once()
    valkey.flushall()

    assert await dispatcher.run_once() == 30

    assert messages(valkey) == 30
    assert valkey.exists(MEMORY_MARK)


async def test_nothing_is_claimed_while_valkey_is_away(database: object):
    (row_id,) = await stage()
    dispatcher = Dispatcher(connect(a_dead_address()))

    with pytest.raises(redis.ConnectionError):
        await dispatcher.run_once()

    assert (await row(row_id))["status"] == "waiting"


async def test_what_could_not_be_sent_after_all_waits_again(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch):
    await stage(count=10)
    dispatcher = Dispatcher(valkey)
    enqueue, left = dispatcher.broker.enqueue, iter(range(4))

    def enqueue_four(message: "dramatiq.Message[None]") -> object:
        if next(left, None) is None:
            raise redis.ConnectionError("gone between two messages")
        return enqueue(message)

    monkeypatch.setattr(dispatcher.broker, "enqueue", enqueue_four)

    with pytest.raises(redis.ConnectionError):
        await dispatcher.run_once()

    assert await statuses() == {"sent": 4, "waiting": 6}


async def has_said_that_it_is_alive() -> bool:
    return await fetch_value("SELECT count(*) FROM heartbeat") == 1


async def test_a_dispatcher_outlives_an_absent_valkey(database: object):
    stop = asyncio.Event()
    dispatcher = Dispatcher(connect(a_dead_address()))

    running = asyncio.create_task(dispatcher.run(stop))
    await until(has_said_that_it_is_alive)
    stop.set()

    await running
    assert running.exception() is None


async def test_rows_of_sixteen_concurrent_writers_are_all_sent(valkey: redis.Redis):
    async def write(writer: int) -> None:
        for _ in range(60):
            # transactions of uneven length commit in another order than their ids were drawn
            await execute(
                "WITH staged AS (INSERT INTO outbox (queue, actor) VALUES ($1, $2) RETURNING id)"
                " SELECT pg_sleep(0.0005 * ($3 % 7)) FROM staged",
                ACTORS["email.deliver"],
                "email.deliver",
                writer,
            )

    dispatcher = Dispatcher(valkey, unstarted=10_000, resend_after=timedelta(minutes=5))
    writers = asyncio.gather(*(write(number) for number in range(16)))
    sent = 0
    while not writers.done():
        sent += await dispatcher.run_once()
    sent += await dispatcher.run_once()

    assert sent == 16 * 60
    assert await statuses() == {"sent": 16 * 60}


async def test_claiming_a_row_reads_the_index_not_the_backlog(database: object):
    await stage("document.render", count=20_000)
    await execute("ANALYZE outbox")
    queues = f"ARRAY[{', '.join(repr(name) for name in QUEUES)}]"
    given = CLAIM.replace("$1", queues).replace("$2", "array_fill(20, ARRAY[5])").replace("$3", "interval '10 seconds'")

    plan = await fetch(f"EXPLAIN {given}")

    text = "\n".join(line[0] for line in plan)
    assert "outbox_due" in text
    assert "Seq Scan on outbox" not in text
