"""Events carried by real dispatchers and workers to a real receiver: none lost, none twice unless a worker dies."""

import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from models.database import execute, fetch_row, fetch_value, transaction
from tests.factories import a_customer, a_marketplace
from tests.fakes.stripe.http import Line, Reply, Request
from tests.fakes.webhook_receiver import Receiver, a_receiver, answers
from tests.tasks.processes import Processes, until
from tests.webhook_rows import a_delivery, an_endpoint
from workflows.engine.emit_event import emit_event

EVENTS = 60


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


def carriers(processes: Processes, count: int) -> list[object]:
    """So many dispatchers, and as many real workers that may send to the loopback."""
    workers = [processes.worker("webhooks", module="tasks.worker", ALLOW_PRIVATE_WEBHOOKS="true") for _ in range(count)]
    return [*workers, *(processes.dispatcher() for _ in range(count))]


async def nothing_pending() -> bool:
    return await fetch_value(
        "SELECT NOT EXISTS (SELECT FROM webhook_delivery WHERE state = 'pending')"
        " AND NOT EXISTS (SELECT FROM outbox WHERE actor = 'webhook.publish')"
    )


async def test_two_dispatchers_and_two_workers_send_each_event_once(processes: Processes, receiver: Receiver) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    _, secret = await an_endpoint(marketplace, receiver.url)
    _, others = await an_endpoint(marketplace, receiver.url.replace("shop=1", "shop=2"))
    carriers(processes, 2)
    for _ in range(EVENTS):
        async with transaction():
            await emit_event("customer.updated", marketplace.id, "customer", customer["id"])

    await until(nothing_pending)

    for query, one in (("shop=1", secret), ("shop=2", others)):
        got = Receiver(got=[request for request in receiver.got if request.query == query])
        assert len(got.verified(one)) == EVENTS
        assert set(Counter(request.headers["webhook-id"] for request in got.got).values()) == {1}
    assert await fetch_value("SELECT count(*) FROM webhook_delivery WHERE state = 'delivered'") == 2 * EVENTS
    assert await fetch_value("SELECT count(*) FROM webhook_attempt") == 2 * EVENTS


async def test_a_worker_killed_between_sending_and_writing_down_sends_the_same_event_again(
    processes: Processes, receiver: Receiver
) -> None:
    endpoint, secret = await an_endpoint(await a_marketplace(), receiver.url)
    doomed = processes.worker("webhooks", module="tasks.worker", ALLOW_PRIVATE_WEBHOOKS="true")

    async def kill(_: Request, __: Line) -> Reply | None:
        doomed.signal(signal.SIGKILL)
        return None

    receiver.behaviour = kill
    delivery = await a_delivery(endpoint)
    processes.dispatcher()
    await doomed.ended()
    receiver.behaviour = answers(204)
    assert await fetch_value("SELECT count(*) FROM webhook_attempt") == 0

    processes.worker("webhooks", module="tasks.worker", ALLOW_PRIVATE_WEBHOOKS="true")
    await execute("UPDATE outbox SET due_at = now() WHERE actor = 'webhook.deliver'")  # the lease runs out
    await until(nothing_pending)

    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert len(receiver.verified(secret)) == 2
    row = await fetch_row("SELECT state, attempts FROM webhook_delivery WHERE id = $1", delivery["id"])
    assert tuple(row or ()) == ("delivered", 1)


async def test_a_receiver_that_was_away_gets_what_it_missed(processes: Processes, receiver: Receiver) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    receiver.behaviour = answers(503)
    delivery = await a_delivery(endpoint)
    carriers(processes, 1)
    await until(lambda: fetch_value("SELECT attempts = 1 FROM webhook_delivery"))
    receiver.behaviour = answers(200)

    async with transaction():  # the pause is over
        await execute("UPDATE webhook_delivery SET next_attempt_at = now()")
        await execute("UPDATE outbox SET due_at = now() WHERE actor = 'webhook.deliver'")
    await until(nothing_pending)

    row = await fetch_row("SELECT state, attempts FROM webhook_delivery WHERE id = $1", delivery["id"])
    assert tuple(row or ()) == ("delivered", 2)
