"""What is done for months is forgotten, a batch at a time, and nothing that waits, is new, or proves something."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from integrations.mailers import CaptureMailer
from models.database import Record, execute, fetch, fetch_value
from tests.factories import BY_WORKER, a_customer, a_marketplace
from tests.webhook_rows import a_delivery, an_endpoint, an_event
from tests.workflows.emails.staged_emails import a_staged_email, the_email
from tests.workflows.emails.test_mail_events import an_event as a_mail_event
from tests.workflows.emails.test_mail_events import tell
from workflows.audit.invariants.check import check_invariants
from workflows.audit.review.filters import LogFilter
from workflows.audit.review.history import history_of_customer
from workflows.audit.review.transitions import list_transitions, transition_of
from workflows.customers.records import find_customer
from workflows.emails.delivery.apply_event import keep_events
from workflows.emails.delivery.deliver import deliver_email
from workflows.emails.delivery.events import Kind, MailEvent
from workflows.engine.actor import Actor
from workflows.engine.fire import fire
from workflows.machines import WEBHOOK_DELIVERY
from workflows.marketplaces.tenant import Marketplace
from workflows.privacy.data_export import customer_data
from workflows.privacy.erasure import erase_customer
from workflows.privacy.retention import purge_finished
from workflows.requests.pagination import PageRequest
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import NotFound
from workflows.webhooks.deliveries import get_delivery, list_deliveries, resend
from workflows.webhooks.publish import publish_event, stage_delivery

pytestmark = pytest.mark.usefixtures("database")

BY = Actor("staff", "sam")
NOTHING = dict.fromkeys(
    ("webhook_delivery", "webhook_event", "gateway_event", "mail_event", "outgoing_email", "captured_email"), 0
)


async def after(days: int, **bounds: int) -> dict[str, int]:
    """What a sweep forgets so many days from now: the tables that lose something."""
    with frozen(now() + timedelta(days=days)):
        forgotten = await purge_finished(**bounds)
    assert forgotten.keys() == NOTHING.keys()
    return {table: rows for table, rows in forgotten.items() if rows}


async def ended(endpoint: Record, trigger: str, **columns: Any) -> Record:
    """A delivery of an event, tried once, that came to its end by `trigger`."""
    delivery = await a_delivery(endpoint, **columns)
    await execute(
        "INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status)"
        " VALUES ($1, $2, 1, now(), 12, 200)",
        endpoint["marketplace_id"],
        delivery["id"],
    )
    return await fire(WEBHOOK_DELIVERY, endpoint["marketplace_id"], delivery["id"], trigger, BY_WORKER)


async def ids(table: str) -> set[Any]:
    return {row["id"] for row in await fetch(f"SELECT id FROM {table}")}


async def test_deliveries_that_arrived_go_with_their_events_and_what_did_not_arrive_stays() -> None:
    shop = await a_marketplace()
    endpoint, _ = await an_endpoint(shop)
    arrived = await ended(endpoint, "deliver")
    unwanted = await an_event(shop.id)
    waits, failed, twice = (
        await a_delivery(endpoint),
        await ended(endpoint, "give_up"),
        await ended(endpoint, "deliver"),
    )
    other, _ = await an_endpoint(shop)
    await stage_delivery(shop.id, other["id"], twice["event_id"], BY_WORKER)
    given_up = await an_event(shop.id)
    await execute(
        "INSERT INTO outbox (queue, actor, args, status) VALUES ('webhooks', 'webhook.publish',"
        " jsonb_build_object('marketplace_id', $1::uuid, 'id', $2::uuid), 'dead')",
        shop.id,
        given_up,
    )

    assert await after(days=89) == {}
    assert await after(days=91) == {"webhook_delivery": 2, "webhook_event": 2}

    assert not {arrived["id"], twice["id"]} & await ids("webhook_delivery")
    assert {waits["id"], failed["id"]} < await ids("webhook_delivery")
    kept = {waits["event_id"], failed["event_id"], twice["event_id"], given_up}
    assert await ids("webhook_event") == kept
    assert not {arrived["event_id"], unwanted} & kept
    assert await after(days=91) == {}
    await resend(shop.id, failed["id"], BY)
    with pytest.raises(NotFound):
        await get_delivery(shop.id, arrived["id"])
    assert len((await list_deliveries(shop.id)).deliveries) == 3
    assert await publish_event(shop.id, arrived["event_id"]) == 0


async def test_an_old_event_that_was_sent_again_lately_stays() -> None:
    shop = await a_marketplace()
    endpoint, _ = await an_endpoint(shop)
    old = await fetch_value(
        "INSERT INTO webhook_event (marketplace_id, type, data, occurred_at)"
        " VALUES ($1, 'customer.updated', '{}', now() - interval '1 year') RETURNING id",
        shop.id,
    )
    await ended(endpoint, "deliver", event_id=old)

    assert await after(days=0) == {}


async def test_the_log_of_what_was_forgotten_is_found_as_before_and_no_fact_is_broken() -> None:
    shop = await a_marketplace()
    endpoint, _ = await an_endpoint(shop)
    delivery = await ended(endpoint, "deliver")
    await check_invariants(full=True)
    before = await list_transitions(shop.id, LogFilter(entity=delivery["id"]), PageRequest())
    assert len(before.transitions) == 2

    assert (await after(days=91))["webhook_delivery"] == 1

    assert await list_transitions(shop.id, LogFilter(entity=delivery["id"]), PageRequest()) == before
    assert (await transition_of(shop.id, "webhook_delivery", delivery["id"], 2)).to_state == "delivered"


async def test_what_an_email_said_is_forgotten_and_that_it_was_sent_is_not() -> None:
    shop = await a_marketplace()
    customer = await a_customer(shop)
    sent, queued = await a_sent(shop, customer), await a_staged_email(shop, "card_updated")
    number, facts = customer["number"], (await the_email(sent))["context"]
    story = await history_of_customer(shop.id, number, PageRequest())
    assert await facts_given(shop, number) == [facts]

    assert await after(days=29) == {}
    assert await after(days=31) == {"captured_email": 1}
    assert await after(days=91) == {"outgoing_email": 1}
    assert await after(days=91) == {}

    email = await the_email(sent)
    assert (email["context"], email["recipient"], email["state"]) == ({}, customer["email"], "sent")
    assert (await the_email(queued))["context"] == facts
    assert await facts_given(shop, number) == [{}]
    assert await history_of_customer(shop.id, number, PageRequest()) == story
    assert [one.breaches for one in await check_invariants(full=True) if one.breaches] == []
    await erase_customer(shop.id, str(number), BY)
    assert (await the_email(sent))["recipient"].endswith("@erased.invalid")


async def a_sent(shop: Marketplace, customer: Record) -> Any:
    email_id = await a_staged_email(shop, "card_updated", customer=customer)
    await deliver_email(shop.id, email_id, CaptureMailer("portal@gatehouse.example"))
    return email_id


async def facts_given(shop: Marketplace, number: int) -> list[dict[str, Any]]:
    """What a person is given of their e-mails' facts."""
    pieces = [piece async for piece in customer_data(shop.id, await find_customer(shop.id, str(number)))]
    return [email["facts"] for email in json.loads(b"".join(pieces))["emails"]]


async def test_a_mail_event_that_comes_again_after_it_was_forgotten_moves_nothing() -> None:
    shop = await a_marketplace()
    stories: dict[UUID, list[MailEvent]] = {}
    told: tuple[tuple[Kind, ...], ...] = (
        ("delivered",), ("soft", "delivered"), ("delivered", "hard"), ("delivered", "complaint"),
    )  # fmt: skip
    for kinds in told:
        email_id = await a_sent(shop, await a_customer(shop))
        at = now() - timedelta(minutes=1)
        stories[email_id] = [a_mail_event(email_id, kind, at + timedelta(seconds=i)) for i, kind in enumerate(kinds)]
        await tell(*stories[email_id])
    before = await fetch("SELECT * FROM outgoing_email ORDER BY id"), await fetch("SELECT * FROM customer ORDER BY id")
    unread = next(iter(stories))
    await keep_events("mailjet", [a_mail_event(unread, "unsubscribed")])

    assert await after(days=89) == {"captured_email": 4}
    assert (await after(days=91))["mail_event"] == 7

    assert await fetch_value("SELECT kind FROM mail_event") == "unsubscribed", "nobody has acted on it"
    await execute("UPDATE outgoing_email SET context = '{}'")
    await tell(*(event for events in stories.values() for event in events))
    rows = await fetch("SELECT * FROM outgoing_email ORDER BY id"), await fetch("SELECT * FROM customer ORDER BY id")
    assert [dict(row) | {"context": {}} for row in before[0]] == [dict(row) for row in rows[0]]
    assert before[1] == rows[1]


async def test_a_run_ends_after_its_batches_and_the_next_goes_on() -> None:
    shop = await a_marketplace()
    for _ in range(5):
        await an_event(shop.id)

    assert await after(days=91, at_once=2, batches=2) == {"webhook_event": 4}
    assert await after(days=91, at_once=2, batches=2) == {"webhook_event": 1}
