"""Which changes the merchant's own systems are told of, when, and what the telling says."""

import asyncio
import json
import re
from contextvars import Context
from typing import Any
from uuid import UUID

import pytest

from cli.paths import ROOT
from models.database import execute, fetch, fetch_row, fetch_value, transaction
from tests.factories import a_charge, a_customer, a_marketplace, a_subscription
from tests.webhook_rows import an_endpoint, an_event
from tests.workflows.importing.importing_rows import a_subscriber, charge_row, imported, subscription_row
from workflows.customers.records import CustomerChange, NewCustomer, change_customer, create_customer
from workflows.engine.actor import Actor
from workflows.engine.emit_event import emit_event
from workflows.engine.event_sql import DATA
from workflows.engine.event_types import EVENT_TYPES
from workflows.engine.fire import Move, fire, fire_where
from workflows.invoices.issue import issue_invoice
from workflows.machines import CHARGE, MACHINES, SUBSCRIPTION, WEBHOOK_ENDPOINT
from workflows.runtime.request import request_id
from workflows.webhooks.publish import publish_event

BY_CUSTOMER = Move(Actor("customer", "0198c2a4-5f6e-7000-8000-000000000001"), "self_cancellation")

# Every trigger of every machine, and what is told of it. A new trigger belongs here, if only with a dash.
TELLS = """
    subscription  start           subscription.created
    subscription  charge_failed   subscription.charge_failed
    subscription  recovered       subscription.recovered
    subscription  complete        subscription.completed
    subscription  cancel          subscription.cancelled
    subscription  restart         subscription.restarted
    subscription  reschedule      subscription.updated
    subscription  cancel_later    subscription.updated
    subscription  undo_cancel     subscription.updated
    charge        attempt         -
    charge        succeed         charge.succeeded
    charge        decline         charge.failed
    charge        require_action  charge.action_required
    charge        withdraw        -
    charge        refund          charge.refunded
    charge        dispute         charge.disputed
    charge        win_dispute     charge.dispute_won
    invoice       issue           invoice.issued
    invoice       correct         invoice.corrected
"""
SILENT = {  # what happens inside the house
    "access_token",
    "portal_session",
    "dunning_case",
    "document",
    "outgoing_email",
    "webhook_endpoint",
    "webhook_delivery",
}


def test_every_trigger_tells_what_was_decided_and_imports_tell_nothing() -> None:
    typed = [line.split() for line in TELLS.strip().splitlines()]
    expected = {(machine, trigger): {None if event == "-" else event} for machine, trigger, event in typed}
    told: dict[tuple[str, str], set[str | None]] = {}
    for machine in MACHINES:
        for rule in machine.rules:
            told.setdefault((machine.name, rule.trigger), set()).add(rule.event)

    assert {key: events for key, events in told.items() if key[0] not in SILENT} == expected
    assert all(events == {None} for key, events in told.items() if key[0] in SILENT)
    assert all(rule.event is None for machine in MACHINES for rule in machine.creations if rule.trigger == "import")


def test_every_published_type_is_told_by_something() -> None:
    told = {rule.event for machine in MACHINES for rule in machine.rules if rule.event}

    assert set(EVENT_TYPES) - told == {"customer.created", "customer.updated", "customer.erased", "webhook.test"}


def test_the_documents_list_every_type_and_show_every_field() -> None:
    page = (ROOT / "docs" / "webhooks.md").read_text()
    listed = {
        name for line in re.findall(r"^\| (`[a-z.`, _]+) \|", page, re.MULTILINE) for name in line[1:-1].split("`, `")
    }
    shown = {
        name: set(json.loads(example))
        for name, example in re.findall(r"^`(\w+)\.…`:\n```json\n(.*?)```", page, re.MULTILINE | re.DOTALL)
    }

    assert listed == set(EVENT_TYPES)
    assert shown == {name: set(fields) for name, fields in DATA.items()}


@pytest.mark.usefixtures("database")
async def test_the_event_is_a_picture_of_the_row_as_the_move_left_it() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, reference="abo-7")
    await an_endpoint(marketplace)
    token = request_id.set("request-of-the-customer")

    moved = await fire(
        SUBSCRIPTION, marketplace.id, subscription["id"], "cancel", BY_CUSTOMER, set_={"next_charge_at": None}
    )
    request_id.reset(token)
    await execute("UPDATE subscription SET amount_minor = 1")

    event = await fetch_row("SELECT * FROM webhook_event")
    assert event is not None
    assert (event["marketplace_id"], event["type"], event["occurred_at"]) == (
        marketplace.id,
        "subscription.cancelled",
        moved["moved_at"],
    )
    assert event["data"] == {
        "id": str(subscription["id"]),
        "number": subscription["number"],
        "reference": "abo-7",
        "state": "cancelled",
        "customer": await fetch_value("SELECT number FROM customer"),
        "order": await fetch_value("SELECT number FROM customer_order"),
        "product": str(subscription["product_id"]),
        "amount_minor": 1999,
        "currency": "USD",
        "interval_unit": "month",
        "interval_count": 1,
        "payments_made": subscription["payments_made"],
        "payments_total": None,
        "started_at": subscription["started_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "trial_ends_at": None,
        "next_charge_at": None,
        "cancel_at": None,
        "ended_at": None,
        "because": "self_cancellation",
        "by": "customer",
    }
    staged = await fetch_row("SELECT actor, queue, args, request_id FROM outbox WHERE queue = 'webhooks'")
    assert staged is not None
    assert dict(staged) == {
        "actor": "webhook.publish",
        "queue": "webhooks",
        "args": {"marketplace_id": str(marketplace.id), "id": str(event["id"])},
        "request_id": "request-of-the-customer",
    }


@pytest.mark.usefixtures("database")
async def test_charges_and_invoices_say_whose_they_are_in_numbers() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)
    charge = await a_charge(marketplace, subscription=subscription)
    await an_endpoint(marketplace)

    refund = {"refund_minor": 500}
    await fire(
        CHARGE, marketplace.id, charge["id"], "refund", BY_CUSTOMER, add={"refunded_minor": 500}, arguments=refund
    )
    async with transaction():
        await issue_invoice(marketplace.id, charge["id"], BY_CUSTOMER.by)

    events = {row["type"]: row["data"] for row in await fetch("SELECT type, data FROM webhook_event")}
    customer, order = await fetch_value("SELECT number FROM customer"), charge["order_number"]
    numbers = {"customer": customer, "order": order, "subscription": subscription["number"]}
    assert events.keys() == {"charge.refunded", "invoice.issued"}
    refunded, issued = events["charge.refunded"], events["invoice.issued"]
    assert refunded.items() >= {**numbers, "refunded_minor": 500, "state": "partially_refunded"}.items()
    assert issued.items() >= {**numbers, "number": "INV-000001", "total_minor": 1999, "currency": "USD"}.items()
    assert issued["charge"] == str(charge["id"])


@pytest.mark.usefixtures("database")
async def test_no_event_holds_a_name_an_address_or_a_secret() -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, name="Zoë Zimmer", email="zoe@zimmer.example", address="Zinnweg 1")
    subscription = await a_subscription(marketplace, customer=customer)
    paid, pending = [await a_charge(marketplace, subscription=subscription, state=s) for s in ("succeeded", "pending")]
    await an_endpoint(marketplace)

    await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "cancel", BY_CUSTOMER)
    await fire(CHARGE, marketplace.id, pending["id"], "decline", BY_CUSTOMER)
    async with transaction():
        await issue_invoice(marketplace.id, paid["id"], BY_CUSTOMER.by)
    await emit_event("customer.updated", marketplace.id, "customer", customer["id"])

    said = [str(row["data"]).lower() for row in await fetch("SELECT data FROM webhook_event")]
    assert len(said) == 4
    for word in ("zoë", "zimmer", "zinnweg", "@", "4242", "card_", "visa", marketplace.name.lower()):
        assert not [text for text in said if word in text], word


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("columns", "events"),
    [
        ({}, 1),
        ({"event_types": ["subscription.cancelled", "charge.failed"]}, 1),
        ({"event_types": ["subscription.created"]}, 0),
    ],
)
async def test_an_event_is_written_where_somebody_listens_to_it(columns: dict[str, Any], events: int) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)
    await an_endpoint(marketplace, **columns)

    await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "cancel", BY_CUSTOMER)

    assert await written() == (events, events)


@pytest.mark.usefixtures("database")
async def test_nothing_is_written_for_nobody_for_other_marketplaces_and_for_disabled_endpoints() -> None:
    marketplace = await a_marketplace()
    subscriptions = [await a_subscription(marketplace) for _ in range(3)]
    endpoint, _ = await an_endpoint(await a_marketplace())
    await fire(SUBSCRIPTION, marketplace.id, subscriptions[0]["id"], "cancel", BY_CUSTOMER)
    for trigger, subscription in zip(("disable", "remove"), subscriptions[1:], strict=True):
        endpoint, _ = await an_endpoint(marketplace)
        await fire_endpoint(endpoint, trigger)

        await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "cancel", BY_CUSTOMER)

    assert await written() == (0, 0)


@pytest.mark.usefixtures("database")
async def test_a_change_undone_tells_nothing() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)
    await an_endpoint(marketplace)

    with pytest.raises(RuntimeError, match="after all not"):
        await cancel_and_change_ones_mind(marketplace.id, subscription["id"])

    assert await written() == (0, 0)


async def cancel_and_change_ones_mind(marketplace_id: UUID, subscription_id: UUID) -> None:
    async with transaction():
        await fire(SUBSCRIPTION, marketplace_id, subscription_id, "cancel", BY_CUSTOMER)
        raise RuntimeError("after all not")


@pytest.mark.usefixtures("database")
async def test_many_rows_tell_of_each_and_answer_as_before() -> None:
    marketplace = await a_marketplace()
    subscriptions = [await a_subscription(marketplace) for _ in range(3)]
    await an_endpoint(marketplace)
    ids = [row["id"] for row in subscriptions[:2]]

    moved = await fire_where(SUBSCRIPTION, "cancel", "id = ANY($1)", (ids,), BY_CUSTOMER)

    told = await fetch("SELECT data ->> 'id' AS id, data ->> 'state' AS state FROM webhook_event")
    assert {(row["id"], row["state"]) for row in told} == {(str(id_), "cancelled") for id_ in ids}
    assert {(row["marketplace_id"], row["id"], row["state"]) for row in moved} == {
        (marketplace.id, id_, "cancelled") for id_ in ids
    }
    assert await written() == (2, 2)


@pytest.mark.usefixtures("database")
async def test_the_past_tells_nothing() -> None:
    shop = await a_marketplace()
    await an_endpoint(shop)

    await imported(shop, **a_subscriber(), subscriptions=[subscription_row()], charges=[charge_row()])

    assert await fetch_value("SELECT count(*) FROM subscription") == 1
    assert await written() == (0, 0)


@pytest.mark.usefixtures("database")
async def test_what_has_no_life_cycle_tells_of_itself() -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, reference="kunde-3")
    await emit_event("customer.updated", marketplace.id, "customer", customer["id"])
    await an_endpoint(marketplace)

    async with transaction():
        await emit_event("customer.updated", marketplace.id, "customer", customer["id"])

    event = await fetch_row("SELECT type, data FROM webhook_event")
    assert event is not None
    assert event["type"] == "customer.updated"
    assert event["data"] == {"id": str(customer["id"]), "number": customer["number"], "reference": "kunde-3"}
    assert await written() == (1, 1)


@pytest.mark.usefixtures("database")
async def test_a_customer_made_and_one_corrected_are_told_and_one_left_as_it_was_is_not() -> None:
    marketplace = await a_marketplace()
    await an_endpoint(marketplace)

    made = await create_customer(marketplace.id, NewCustomer(email="ada@example.com", name="Ada"))
    for name in ("Ada L.", "Ada L."):
        await change_customer(marketplace.id, str(made.number), CustomerChange(name=name), BY_CUSTOMER.by)

    told = await fetch("SELECT type, data FROM webhook_event ORDER BY id")
    assert [row["type"] for row in told] == ["customer.created", "customer.updated"]
    assert {row["data"]["number"] for row in told} == {made.number}


@pytest.mark.usefixtures("database")
async def test_an_event_becomes_one_delivery_for_each_endpoint_that_wants_it() -> None:
    marketplace = await a_marketplace()
    all_of_it, _ = await an_endpoint(marketplace)
    wanting, _ = await an_endpoint(marketplace, event_types=["customer.updated"])
    await an_endpoint(marketplace, event_types=["charge.failed"])
    await an_endpoint(await a_marketplace())
    disabled, _ = await an_endpoint(marketplace)
    await fire_endpoint(disabled, "disable")
    event_id = await an_event(marketplace.id)

    assert await publish_event(marketplace.id, event_id) == 2
    assert await publish_event(marketplace.id, event_id) == 0  # a job that runs twice

    deliveries = await fetch("SELECT id, endpoint_id, event_id, state FROM webhook_delivery")
    assert {(row["endpoint_id"], row["event_id"], row["state"]) for row in deliveries} == {
        (endpoint["id"], event_id, "pending") for endpoint in (all_of_it, wanting)
    }
    jobs = await fetch("SELECT args ->> 'id' AS id FROM outbox WHERE actor = 'webhook.deliver'")
    assert {row["id"] for row in jobs} == {str(row["id"]) for row in deliveries}


@pytest.mark.usefixtures("database")
async def test_two_who_publish_at_once_stage_one_delivery() -> None:
    marketplace = await a_marketplace()
    await an_endpoint(marketplace)
    event_id = await an_event(marketplace.id)

    tasks = [asyncio.create_task(publish_event(marketplace.id, event_id), context=Context()) for _ in range(4)]
    await asyncio.gather(*tasks, return_exceptions=True)  # who comes second finds it there, or is refused by the key

    assert await fetch_value("SELECT count(*) FROM webhook_delivery") == 1


async def fire_endpoint(endpoint: Any, trigger: str) -> None:
    await fire(WEBHOOK_ENDPOINT, endpoint["marketplace_id"], endpoint["id"], trigger, BY_CUSTOMER)


async def written() -> tuple[int, int]:
    """How many events there are, and how many are staged to be published."""
    staged = await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'webhook.publish'")
    return await fetch_value("SELECT count(*) FROM webhook_event"), staged
