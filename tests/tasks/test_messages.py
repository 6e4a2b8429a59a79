"""What travels through Valkey, pinned: an outbox id and a name. Another Dramatiq must not change it unnoticed."""

import json

import pytest
import redis
from dramatiq import Worker

from tasks.broker import DelayRefused, connect, declare, make_broker, message_for
from tests.tasks.rows import a_job


@pytest.fixture
def valkey(valkey_url: str) -> redis.Redis:
    return connect(valkey_url)


async def nothing() -> None: ...


def test_a_message_holds_the_rows_id_and_no_argument_of_it(valkey: redis.Redis):
    make_broker(valkey, []).enqueue(message_for(7, "link.request", "links"))

    (body,) = valkey.hvals("gatehouse:links.msgs")

    message = json.loads(body)
    assert message.pop("message_id")
    assert message.pop("message_timestamp")
    assert list(message.pop("options")) == ["redis_message_id"]
    assert message == {"queue_name": "links", "actor_name": "link.request", "args": [7], "kwargs": {}}


def test_messages_leave_in_the_order_in_which_they_came(valkey: redis.Redis):
    broker = make_broker(valkey, [])
    for number in range(5):
        broker.enqueue(message_for(number, "link.request", "links"))
    broker.declare_queue("links")

    consumer = broker.consume("links", prefetch=10)

    taken = [next(consumer) for _ in range(5)]

    assert [message and message.args for message in taken] == [(number,) for number in range(5)]


def test_delayed_messages_are_refused(valkey: redis.Redis):
    with pytest.raises(DelayRefused):
        make_broker(valkey, []).enqueue(message_for(1, "link.request", "links"), delay=1000)


def test_no_delay_queue_is_ever_polled(valkey: redis.Redis):
    broker = make_broker(valkey, [])
    declare(a_job(nothing), broker)
    worker = Worker(broker, worker_threads=1, worker_timeout=10)

    worker.start()
    polled = sorted(worker.consumers)
    worker.stop()

    assert polled == ["emails"]


def test_dramatiq_neither_retries_nor_limits_anything(valkey: redis.Redis):
    broker = make_broker(valkey, [])
    declare(a_job(nothing), broker)

    assert broker.middleware == []
    assert broker.get_actor("email.deliver").options == {}


def test_in_one_workers_own_line_links_go_first():
    jobs = [a_job(nothing, name) for name in ("link.request", "charge.submit", "email.deliver", "document.render")]

    priorities = [job.priority for job in jobs]

    assert priorities == sorted(set(priorities))
