"""The clock's jobs do what they say, once, on real rows."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.database import execute, fetch, fetch_value
from tasks.catalogue import JOBS
from tasks.run import run_job
from tests.factories import (
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_payment_method,
    a_session,
    a_subscription,
)
from tests.tasks.rows import find, send_all, stage
from tests.webhook_rows import an_event
from workflows.access.link_requests import ask_for_link
from workflows.runtime.clock import now

pytestmark = pytest.mark.usefixtures("database")


async def run(name: str) -> None:
    """As the schedule stages it: without arguments."""
    (row_id,) = await stage(name)
    await execute("UPDATE outbox SET args = '{}' WHERE id = $1", row_id)
    await send_all()
    job = next(job for job in JOBS if job.name == name)
    await run_job(job, row_id)
    assert await find(row_id) is None, "the sweep failed"


async def state_of(table: str, entity_id: UUID) -> str:
    return await fetch_value(f"SELECT state FROM {table} WHERE id = $1", entity_id)


async def test_links_past_their_hour_expire_by_the_clock_and_others_do_not():
    marketplace = await a_marketplace()
    old = await a_link(marketplace, expires_at=now() - timedelta(seconds=1))
    fresh = await a_link(marketplace)

    await run("access_token.sweep")

    assert await state_of("access_token", old["id"]) == "expired"
    assert await state_of("access_token", fresh["id"]) == "issued"
    by = await fetch_value("SELECT moved_by FROM access_token WHERE id = $1", old["id"])
    assert by == "clock:schedule"


async def test_sessions_past_their_end_expire():
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    _, old = await a_session(marketplace, customer, expires_at=now() - timedelta(seconds=1))
    _, live = await a_session(marketplace, customer)

    await run("portal_session.sweep")

    assert await state_of("portal_session", old["id"]) == "expired"
    assert await state_of("portal_session", live["id"]) == "active"


async def test_a_charge_in_doubt_is_asked_about_once_until_the_answer_is_there():
    marketplace = await a_marketplace()
    charge = await a_charge(marketplace, state="pending")
    await execute("UPDATE charge SET submitted_at = now() - interval '10 minutes' WHERE id = $1", charge["id"])
    await execute("DELETE FROM outbox")

    await run("charge.sweep")
    await run("charge.sweep")

    staged = await fetch("SELECT args FROM outbox WHERE actor = 'charge.settle'")
    assert [row["args"] for row in staged] == [{"marketplace_id": str(marketplace.id), "id": str(charge["id"])}]


async def test_typed_addresses_that_nobody_handled_are_forgotten():
    marketplace = await a_marketplace()
    await ask_for_link(marketplace.id, "new@example.com", "nonce", None)
    await execute(
        "INSERT INTO link_request (marketplace_id, email, browser_digest, created_at)"
        " VALUES ($1, 'old@example.com', 'x', now() - interval '3 hours')",
        marketplace.id,
    )

    await run("link_request.sweep")

    assert [row["email"] for row in await fetch("SELECT email FROM link_request")] == ["new@example.com"]


async def test_cards_that_expire_before_their_charge_are_announced_by_the_hour_and_not_by_the_minute():
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    expired = await a_payment_method(marketplace, customer, exp_month=1, exp_year=2020)
    due = now() + timedelta(days=6)
    await a_subscription(marketplace, customer=customer, payment_method=expired, next_charge_at=due)

    await run("billing.run")
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0
    await run("card_notice.sweep")
    await run("card_notice.sweep")

    assert await fetch_value("SELECT array_agg(template) FROM outgoing_email") == ["card_expiring"]


async def test_what_webhooks_told_long_ago_is_forgotten_by_the_hour():
    marketplace = await a_marketplace()
    await an_event(marketplace.id)
    await execute(
        "INSERT INTO webhook_event (marketplace_id, type, data, occurred_at)"
        " VALUES ($1, 'customer.updated', '{}', now() - interval '91 days')",
        marketplace.id,
    )

    await run("retention.sweep")

    assert await fetch_value("SELECT count(*) FROM webhook_event") == 1


async def test_the_log_has_partitions_for_the_months_ahead():
    await run("transition_log.extend")

    months = await fetch_value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'transition_log'::regclass")
    assert months >= 4
