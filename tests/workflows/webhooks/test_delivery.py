"""Sending events to a real receiver: signed, at least once, tried for three days, written down."""

import asyncio
from collections.abc import Iterator, Mapping
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from integrations.webhooks import HttpWebhookSender
from models.database import DB, Record, execute, fetch, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_staff_member
from tests.fakes.webhook_receiver import Behaviour, Receiver, a_receiver, answers, hangs, hangs_up
from tests.webhook_rows import a_delivery, an_endpoint, delivery_now, endpoint_now
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import WEBHOOK_ENDPOINT
from workflows.runtime.clock import frozen, now
from workflows.runtime.keys import UnknownKey
from workflows.runtime.settings import settings
from workflows.webhooks.deliver import deliver_webhook
from workflows.webhooks.deliveries import get_delivery, resend
from workflows.webhooks.endpoints import ROTATION, rotate_secret
from workflows.webhooks.fairness import AT_ONCE
from workflows.webhooks.sender import WebhookAnswer, WebhookSender

BY_STAFF = Actor("staff", "sam")
SENDER = HttpWebhookSender(allow_private=True, answer_within=timedelta(milliseconds=500))

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as receiver:
        yield receiver


async def deliver(delivery: Record, sender: WebhookSender = SENDER) -> Record:
    """Tries it once, as its job does; the delivery as it is after that."""
    await deliver_webhook(delivery["marketplace_id"], delivery["id"], sender)
    return await delivery_now(delivery)


async def make_due(delivery: Record) -> None:
    """Time passes: the pause is over."""
    await execute("UPDATE webhook_delivery SET next_attempt_at = clock_timestamp() WHERE id = $1", delivery["id"])


async def staged() -> list[Record]:
    """Jobs for later tries; that of the delivery's own birth stands for the first one and is left out."""
    return await fetch(
        "SELECT * FROM outbox WHERE actor = 'webhook.deliver' AND due_at > created_at + '100 ms' ORDER BY id"
    )


async def test_an_event_arrives_signed_as_the_specification_says(receiver: Receiver) -> None:
    endpoint, secret = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)

    after = await deliver(delivery)

    (event,) = receiver.verified(secret)
    occurred_at = await fetch_value("SELECT occurred_at FROM webhook_event")
    assert event == {
        "type": "customer.updated",
        "timestamp": occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": {"number": 12, "reference": "täglich"},
    }
    headers = receiver.got[0].headers
    assert headers["webhook-id"] == f"evt_{delivery['event_id'].hex}"
    assert headers["content-type"] == "application/json"
    assert (after["state"], after["attempts"], after["next_attempt_at"]) == ("delivered", 1, None)
    attempt = await fetch_row("SELECT * FROM webhook_attempt")
    assert attempt is not None
    assert (attempt["number"], attempt["status"], attempt["error"], attempt["answer"]) == (1, 204, None, "")
    assert (await fetch_row("SELECT trigger, reason FROM transition_log ORDER BY at DESC LIMIT 1") or ()) == (
        "deliver",
        "accepted",
    )


async def test_another_secret_or_another_body_is_not_believed(receiver: Receiver) -> None:
    endpoint, secret = await an_endpoint(await a_marketplace(), receiver.url)
    _, others = await an_endpoint(await a_marketplace())
    await deliver(await a_delivery(endpoint))
    request = receiver.got[0]

    with pytest.raises(WebhookVerificationError):
        Webhook(others).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body.replace(b"12", b"13"), request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body, {**request.headers, "webhook-id": "evt_another"})


# fmt: off
FAILURES: dict[str, tuple[Behaviour, int | None, str | None, str]] = {
    "500":        (answers(500, b"oops"),                        500,  None,            "oops"),
    "html":       (answers(404, b"<p>Not here</p>", "text/html"), 404,  None,            "<p>Not here</p>"),
    "a redirect": (answers(301, location="https://a.example/"),  301,  None,            ""),
    "silence":    (hangs,                                        None, "timed_out",     ""),
    "hanging up": (hangs_up,                                     None, "broken_answer", ""),
}
# fmt: on


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_is_no_2xx_is_written_down_and_tried_again(failure: str, receiver: Receiver) -> None:
    receiver.behaviour, status, error, text = FAILURES[failure]
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)

    after = await deliver(delivery)

    assert (after["state"], after["attempts"], after["log_seq"]) == ("pending", 1, 1)
    attempt = await fetch_row("SELECT * FROM webhook_attempt")
    assert attempt is not None
    assert (attempt["status"], attempt["error"], attempt["answer"]) == (status, error, text)
    (job,) = await staged()
    assert job["due_at"] == after["next_attempt_at"]
    assert job["args"] == {"marketplace_id": str(endpoint["marketplace_id"]), "id": str(delivery["id"])}
    assert (await endpoint_now(endpoint))["failing_since"] == attempt["at"]


async def test_ten_tries_over_three_days_then_it_and_its_silent_endpoint_are_given_up(receiver: Receiver) -> None:
    receiver.behaviour = answers(503)
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)
    pauses: list[timedelta] = []
    for _ in range(9):
        after = await deliver(delivery)
        pauses.append(after["next_attempt_at"] - await fetch_value("SELECT clock_timestamp()"))
        await make_due(delivery)

    after = await deliver(delivery)

    hours = [5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]
    for pause, planned in zip(pauses, hours, strict=True):
        assert planned * 3600 - 1 <= pause.total_seconds() <= planned * 3600 * 1.1
    assert timedelta(days=3) < sum(pauses, timedelta()) < timedelta(days=3, hours=12)
    assert (after["state"], after["moved_reason"], after["attempts"]) == ("failed", "exhausted", 10)
    ended = await endpoint_now(endpoint)
    assert (ended["state"], ended["moved_trigger"], ended["moved_reason"]) == ("disabled", "give_up", "silent")
    assert len(await staged()) == 9
    assert len({request.headers["webhook-id"] for request in receiver.got}) == 1
    assert len({request.body for request in receiver.got}) == 1


async def test_one_event_that_is_always_refused_disables_nothing_while_others_get_through(receiver: Receiver) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    poisonous = await a_delivery(endpoint)
    receiver.behaviour = answers(500)
    for _ in range(9):
        await deliver(poisonous)
        await make_due(poisonous)
    receiver.behaviour = answers(204)
    await deliver(await a_delivery(endpoint))
    assert (await endpoint_now(endpoint))["failing_since"] is None
    receiver.behaviour = answers(500)

    assert (await deliver(poisonous))["state"] == "failed"

    assert (await endpoint_now(endpoint))["state"] == "enabled"


async def test_410_disables_the_endpoint_at_once_and_what_waits_for_it_is_not_sent(receiver: Receiver) -> None:
    receiver.behaviour = answers(410)
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    first, second = await a_delivery(endpoint), await a_delivery(endpoint)

    gone, unsent = await deliver(first), await deliver(second)

    ended = await endpoint_now(endpoint)
    assert (ended["state"], ended["moved_trigger"], ended["moved_reason"]) == ("disabled", "gone", "answered_410")
    assert (gone["state"], gone["moved_reason"]) == ("failed", "gone")
    assert (unsent["state"], unsent["moved_reason"], unsent["attempts"]) == ("failed", "endpoint_disabled", 0)
    assert len(receiver.got) == 1


async def test_those_who_want_to_hear_of_failures_are_told_once_that_an_endpoint_is_switched_off(
    receiver: Receiver,
) -> None:
    receiver.behaviour = answers(410)
    marketplace = await a_marketplace()
    endpoint, _ = await an_endpoint(marketplace, receiver.url, description="Accounts")
    owner = await a_staff_member(marketplace)
    wanting = await a_staff_member(marketplace, role="support", wants_failed_job=True)
    await a_staff_member(marketplace, role="support")
    await a_staff_member(await a_marketplace(), wants_failed_job=True)

    for delivery in (await a_delivery(endpoint), await a_delivery(endpoint)):
        await deliver(delivery)

    mails = await fetch("SELECT recipient, staff_id, template, context FROM outgoing_email")
    assert [(mail["recipient"], mail["staff_id"]) for mail in mails] == [(wanting["email"], wanting["id"])]
    assert mails[0]["context"].items() >= {"host": "127.0.0.1", "gone": True, "description": "Accounts"}.items()
    assert receiver.url not in str(mails[0]["context"])

    await execute("UPDATE staff SET wants_failed_job = false")
    await deliver(await a_delivery((await an_endpoint(marketplace, receiver.url))[0]))
    assert await fetch_value("SELECT recipient FROM outgoing_email WHERE staff_id = $1", owner["id"]) == owner["email"]


async def test_a_delivery_before_its_time_or_after_its_end_sends_nothing(receiver: Receiver) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    later = await a_delivery(endpoint, next_attempt_at=now() + timedelta(minutes=5))
    delivered = await a_delivery(endpoint)
    await deliver(delivered)

    await deliver(later)
    await deliver(delivered)

    assert len(receiver.got) == 1


async def test_an_endpoint_that_asks_for_rest_gets_it(receiver: Receiver) -> None:
    receiver.behaviour = answers(429, retry_after="600")
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)

    after = await deliver(await a_delivery(endpoint))

    pause = after["next_attempt_at"] - await fetch_value("SELECT clock_timestamp()")
    assert 590 < pause.total_seconds() <= 600


async def test_sent_again_it_is_the_same_event_and_has_three_days_again(receiver: Receiver) -> None:
    endpoint, secret = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)
    with frozen(datetime.now(UTC) - timedelta(minutes=3)):
        await deliver(delivery)

    shown = await resend(endpoint["marketplace_id"], delivery["id"], BY_STAFF)
    receiver.behaviour = answers(500)
    after = await deliver(delivery)

    assert (shown.state, shown.because) == ("pending", "asked")
    first, second = receiver.got
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 180
    assert len(receiver.verified(secret)) == 2
    assert (after["attempts"], after["tries"], after["state"]) == (2, 1, "pending")
    full = await get_delivery(endpoint["marketplace_id"], delivery["id"])
    assert [(one.number, one.status) for one in full.tries] == [(2, 500), (1, 204)]
    assert full.body.encode() == first.body


async def test_two_runs_of_one_delivery_are_both_written_down_and_one_goes_on(receiver: Receiver) -> None:
    """As when somebody presses Resend while it is under way."""
    receiver.behaviour = answers(500)
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)
    both = Together(SENDER, 2)

    tasks = [asyncio.create_task(deliver(delivery, both), context=Context()) for _ in range(2)]
    await asyncio.gather(*tasks)

    assert {row["number"] for row in await fetch("SELECT number FROM webhook_attempt")} == {1, 2}
    assert len(await staged()) == 1
    assert len({request.headers["webhook-id"] for request in receiver.got}) == 1


async def test_while_a_secret_is_rotated_both_are_good_and_a_day_later_the_new_one_alone(receiver: Receiver) -> None:
    endpoint, old = await an_endpoint(await a_marketplace(), receiver.url)
    made = await rotate_secret(endpoint["marketplace_id"], endpoint["id"], BY_STAFF)
    assert made.secret != old

    await deliver(await a_delivery(endpoint))
    assert len(receiver.got[0].headers["webhook-signature"].split()) == 2
    assert receiver.verified(old) == receiver.verified(made.secret)

    receiver.got.clear()
    await execute("UPDATE webhook_endpoint SET previous_until = previous_until - $1::interval", ROTATION)
    await deliver(await a_delivery(endpoint))
    assert len(receiver.verified(made.secret)) == 1
    with pytest.raises(WebhookVerificationError):
        receiver.verified(old)


async def test_one_merchants_hanging_server_leaves_hands_for_others(receiver: Receiver) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace(), "http://127.0.0.1:9/")
    waiting = [await a_delivery(endpoint) for _ in range(AT_ONCE + 1)]
    others, _ = await an_endpoint(await a_marketplace(), receiver.url)
    hanging = Together(SENDER, AT_ONCE)
    held = [asyncio.create_task(deliver(each, hanging), context=Context()) for each in waiting[:AT_ONCE]]
    hanging.let_go.clear()
    await hanging.all_there.wait()

    put_off = await deliver(waiting[-1])
    assert (put_off["attempts"], put_off["state"]) == (0, "pending")
    (job,) = await staged()
    assert job["args"]["id"] == str(waiting[-1]["id"])
    assert (await deliver(await a_delivery(others)))["state"] == "delivered"

    hanging.let_go.set()
    await asyncio.gather(*held)
    assert (await deliver(waiting[-1]))["attempts"] == 1


async def test_a_secret_that_no_key_opens_is_our_trouble_and_sends_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)
    monkeypatch.setenv("SECRET_KEY", "another:0123456789abcdef0123456789abcdef0123456789")
    settings.cache_clear()

    with pytest.raises(UnknownKey):
        await deliver(delivery)

    assert not receiver.got
    assert (await delivery_now(delivery))["attempts"] == 0


async def test_no_transaction_is_open_while_the_request_is_under_way(database: FreshDatabase) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace())
    seen: list[object] = []

    class Looking(HttpWebhookSender):
        async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:  # noqa: ARG002 - the port's
            seen.append(DB.current_transaction.get())
            return WebhookAnswer(duration_ms=1, status=200)

    await deliver(await a_delivery(endpoint), Looking())

    assert seen == [None]


async def test_an_endpoint_removed_meanwhile_hears_nothing(receiver: Receiver) -> None:
    endpoint, _ = await an_endpoint(await a_marketplace(), receiver.url)
    delivery = await a_delivery(endpoint)
    await fire(WEBHOOK_ENDPOINT, endpoint["marketplace_id"], endpoint["id"], "remove", Move(BY_STAFF, "asked"))

    after = await deliver(delivery)

    assert (after["state"], after["moved_reason"], receiver.got) == ("failed", "endpoint_removed", [])


class Together:
    """Lets requests go when so many have come, and not before `let_go` is set."""

    def __init__(self, sender: WebhookSender, count: int) -> None:
        self._sender, self._missing = sender, count
        self.all_there, self.let_go = asyncio.Event(), asyncio.Event()
        self.let_go.set()

    async def reaches(self, url: str) -> bool:
        return await self._sender.reaches(url)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        self._missing -= 1
        if self._missing <= 0:
            self.all_there.set()
        await self.all_there.wait()
        await self.let_go.wait()
        return await self._sender.post(url, headers, body)
