"""Cancelling at the end of the period or on a date, and undoing it until then: PRODUCT.md 3.5."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_session, a_subscription, an_open_case
from tests.workflows.billing.billed import billed, of, run
from workflows.access.sessions import find_session
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.emails.upcoming_payments import announce_trial_ends
from workflows.billing.run.renewals import stage_renewals
from workflows.billing.subscriptions.cancel import cancel_by_customer, cancel_by_staff
from workflows.billing.subscriptions.scheduled_cancellation import cancel_later, read_when, undo_cancellation
from workflows.engine.actor import Actor
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import InvalidInput, NotNow, TransitionRefused

STAFF = Actor("staff", "0198c2a4-5f6e-7000-8000-000000000001")


async def test_at_the_end_of_the_period_it_ends_and_is_not_charged_again(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace)
    await run(marketplace)
    paid_until = (await of("subscription"))["next_charge_at"]

    await cancel_later(marketplace, subscription["number"], "period_end", STAFF)

    waiting = await of("subscription")
    assert (waiting["state"], waiting["cancel_at"]) == ("active", paid_until)
    await run(marketplace, days=27)
    assert (await of("subscription"))["state"] == "active"
    await run(marketplace, days=5)
    after = await of("subscription")
    assert (after["state"], after["cancel_at"]) == ("cancelled", None)
    assert await fetch_value("SELECT count(*) FROM charge") == 1
    told = await fetch("SELECT template FROM outgoing_email WHERE template = 'subscription_cancelled'")
    assert len(told) == 1


async def test_on_a_date_it_ends_when_the_day_begins_where_the_marketplace_is(database: FreshDatabase) -> None:
    with frozen(datetime(2026, 3, 10, 12, 0, tzinfo=UTC)):
        marketplace = await a_marketplace(time_zone="America/New_York")
        subscription = await a_subscription(marketplace)

        await cancel_later(marketplace, subscription["number"], date(2026, 3, 20), STAFF)

    assert (await of("subscription"))["cancel_at"] == datetime(2026, 3, 20, 4, 0, tzinfo=UTC)
    log = await fetch_row("SELECT * FROM transition_log WHERE trigger = 'cancel_later'")
    assert log is not None
    assert (log["actor_kind"], log["actor_id"], log["reason"]) == ("staff", STAFF.id, "cancellation_on_date")


async def test_until_then_it_is_undone_and_charged_as_before(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace)
    await run(marketplace)
    await cancel_later(marketplace, subscription["number"], "period_end", STAFF)

    await undo_cancellation(marketplace, subscription["number"], STAFF)
    await run(marketplace, days=32)

    after = await of("subscription")
    assert (after["state"], after["cancel_at"], after["payments_made"]) == ("active", None, 2)


async def test_once_its_day_has_come_it_cannot_be_undone_even_before_the_clocks_run(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, cancel_at=now() - timedelta(seconds=1))

    with pytest.raises(NotNow, match="its day has come"):
        await undo_cancellation(marketplace, subscription["number"], STAFF)
    await run(marketplace)
    with pytest.raises(TransitionRefused):
        await undo_cancellation(marketplace, subscription["number"], STAFF)

    assert (await of("subscription"))["state"] == "cancelled"


async def test_where_nothing_is_arranged_nothing_is_undone(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)

    with pytest.raises(NotNow, match="No cancellation is arranged"):
        await undo_cancellation(marketplace, subscription["number"], STAFF)


async def test_a_failed_charge_has_no_paid_period_and_is_cancelled_on_a_date(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(subscription, next_attempt_at=now() + timedelta(days=20))

    with pytest.raises(NotNow, match="No paid period"):
        await cancel_later(marketplace, subscription["number"], "period_end", STAFF)
    await cancel_later(marketplace, subscription["number"], (now() + timedelta(days=5)).date(), STAFF)
    await run(marketplace, days=6)

    assert (await of("subscription"))["state"] == "cancelled"
    assert (await of("dunning_case"))["state"] == "abandoned"


async def test_while_the_renewal_is_being_charged_the_end_of_the_period_is_not_known(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, next_charge_at=now())
    await stage_renewals(BillingClock(now()))

    with pytest.raises(NotNow, match="being charged"):
        await cancel_later(marketplace, subscription["number"], "period_end", STAFF)


@pytest.mark.parametrize("state", ["cancelled", "completed"])
async def test_what_has_ended_cannot_be_cancelled_later(database: FreshDatabase, state: str) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state=state)

    for when in ("period_end", (now() + timedelta(days=5)).date()):
        with pytest.raises(TransitionRefused):
            await cancel_later(marketplace, subscription["number"], when, STAFF)


async def test_a_trial_that_will_be_cancelled_is_not_told_of_a_payment(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    ends = now() + timedelta(days=2)
    trial: dict[str, Any] = {
        "trial_ends_at": ends,
        "anchor_at": ends,
        "next_charge_at": ends,
        "next_period": 0,
        "payments_made": 0,
    }
    subscription = await a_subscription(marketplace, **trial)

    await cancel_later(marketplace, subscription["number"], "period_end", STAFF)

    assert await announce_trial_ends(BillingClock(now())) == 0


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-2-3", "2026-02-30", "20260203", "now!", "٢٠٢٦-٠١-٠١"])
def test_what_is_no_day_is_refused_beside_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_when(text)

    assert refused.value.fields == {"at": "Say now, period_end, or a day as YYYY-MM-DD."}


async def test_staff_and_customer_cancel_at_once_and_one_of_them_does(fresh_database: FreshDatabase) -> None:
    await open_pool(fresh_database.app_url, min_size=4, max_size=8)
    try:
        marketplace = await a_marketplace(self_cancellation=True)
        customer = await a_customer(marketplace)
        subscription = await a_subscription(marketplace, customer=customer)
        signed_in = await find_session(marketplace.id, (await a_session(marketplace, customer))[0])

        answers = await asyncio.gather(
            cancel_by_staff(marketplace, subscription["number"], STAFF),
            cancel_by_customer(marketplace, signed_in, subscription["number"]),
            cancel_by_staff(marketplace, subscription["number"], STAFF),
            return_exceptions=True,
        )

        assert sum(isinstance(answer, TransitionRefused) for answer in answers) == 2
        assert await fetch_value("SELECT count(*) FROM transition_log WHERE trigger = 'cancel'") == 1
        assert await fetch_value("SELECT count(*) FROM outgoing_email") == 1
    finally:
        await close_pool()


async def test_undoing_and_the_clocks_run_at_once_leave_it_cancelled(fresh_database: FreshDatabase) -> None:
    """Its day has come: whoever is first, it ends."""
    await open_pool(fresh_database.app_url, min_size=4, max_size=8)
    try:
        marketplace = await a_marketplace()
        subscription = await a_subscription(marketplace)
        await execute("UPDATE subscription SET cancel_at = $1", now() - timedelta(milliseconds=1))

        _, undone = await asyncio.gather(
            run(marketplace),
            undo_cancellation(marketplace, subscription["number"], STAFF),
            return_exceptions=True,
        )

        assert isinstance(undone, TransitionRefused)
        assert (await of("subscription"))["state"] == "cancelled"
    finally:
        await close_pool()
