"""Change Next Billing Date: staff choose the day, the calendar follows it, each period is still charged once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_subscription
from tests.workflows.billing.billed import billed, of, run
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.run.renewals import stage_renewals
from workflows.billing.subscriptions.next_billing_date import change_next_billing_date
from workflows.engine.actor import Actor
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import InvalidInput, NotFound, NotNow, TransitionRefused

STAFF = Actor("staff", "0198c2a4-5f6e-7000-8000-000000000001")
MARCH = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


async def test_the_day_chosen_becomes_the_billing_day_and_short_months_end_early(database: FreshDatabase) -> None:
    with frozen(MARCH):
        marketplace = await a_marketplace()
        subscription = await billed(marketplace)
        await run(marketplace)

        await change_next_billing_date(marketplace, subscription["number"], date(2026, 5, 31), STAFF)

        dates = [(await of("subscription"))["next_charge_at"]]
        for _ in range(3):
            await run(marketplace, days=(dates[-1] - await _today(marketplace.id)).total_seconds() / 86_400)
            dates.append((await of("subscription"))["next_charge_at"])
    assert [day.date().isoformat() for day in dates] == ["2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31"]
    assert {day.time() for day in dates} == {(MARCH - timedelta(seconds=1)).time()}
    periods = await fetch("SELECT period, state FROM charge ORDER BY period")
    assert [tuple(row) for row in periods] == [(period, "succeeded") for period in range(4)]


async def _today(marketplace_id: object) -> datetime:
    return await fetch_value(
        "SELECT $2::timestamptz + clock_offset FROM marketplace WHERE id = $1", marketplace_id, now()
    )


async def test_the_log_says_who_moved_it_from_when_to_when(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)
    day = (now() + timedelta(days=45)).date()

    await change_next_billing_date(marketplace, subscription["number"], day, STAFF)

    after = await of("subscription")
    log = await fetch_row("SELECT * FROM transition_log WHERE trigger = 'reschedule'")
    assert log is not None
    assert (log["actor_kind"], log["actor_id"], log["to_state"]) == ("staff", STAFF.id, "active")
    assert log["details"] == {
        "from": subscription["next_charge_at"].isoformat(),
        "to": after["next_charge_at"].isoformat(),
    }


async def test_a_trial_ends_when_its_first_payment_comes(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    ends = now() + timedelta(days=5)
    trial: dict[str, Any] = {
        "trial_ends_at": ends,
        "anchor_at": ends,
        "next_charge_at": ends,
        "next_period": 0,
        "payments_made": 0,
    }
    subscription = await a_subscription(marketplace, **trial)

    await change_next_billing_date(marketplace, subscription["number"], (ends + timedelta(days=20)).date(), STAFF)

    after = await of("subscription")
    assert after["trial_ends_at"] == after["next_charge_at"] == after["anchor_at"] == ends + timedelta(days=20)


@pytest.mark.parametrize("days", [-400, -1, 0, 733])
async def test_a_day_that_has_begun_or_is_too_far_away_is_refused(database: FreshDatabase, days: int) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)

    with pytest.raises(InvalidInput) as refused:
        await change_next_billing_date(
            marketplace, subscription["number"], (now() + timedelta(days=days)).date(), STAFF
        )

    assert "Choose a day from" in refused.value.fields["date"]
    assert (await of("subscription"))["next_charge_at"] == subscription["next_charge_at"]


async def test_tomorrow_is_where_the_marketplace_is(database: FreshDatabase) -> None:
    with frozen(datetime(2026, 3, 10, 22, 0, tzinfo=UTC)):  # the 11th in Tokyo
        marketplace = await a_marketplace(time_zone="Asia/Tokyo")
        subscription = await a_subscription(marketplace)
        with pytest.raises(InvalidInput):
            await change_next_billing_date(marketplace, subscription["number"], date(2026, 3, 11), STAFF)
        await change_next_billing_date(marketplace, subscription["number"], date(2026, 3, 12), STAFF)


async def test_a_sandboxs_own_clock_says_what_has_passed(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(clock_offset=timedelta(days=100))
    subscription = await a_subscription(marketplace)

    with pytest.raises(InvalidInput):
        await change_next_billing_date(marketplace, subscription["number"], (now() + timedelta(days=50)).date(), STAFF)


@pytest.mark.parametrize("state", ["failed_charge", "cancelled", "completed"])
async def test_what_is_not_active_has_no_next_billing_date(database: FreshDatabase, state: str) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state=state)

    with pytest.raises(TransitionRefused):
        await change_next_billing_date(marketplace, subscription["number"], (now() + timedelta(days=9)).date(), STAFF)


async def test_an_arranged_cancellation_is_undone_first(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, cancel_at=now() + timedelta(days=3))

    with pytest.raises(NotNow, match="Undo that first"):
        await change_next_billing_date(marketplace, subscription["number"], (now() + timedelta(days=9)).date(), STAFF)


async def test_another_marketplaces_subscription_is_not_found(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    elsewhere = await a_subscription(await a_marketplace(), number=4711)

    with pytest.raises(NotFound):
        await change_next_billing_date(marketplace, elsewhere["number"], (now() + timedelta(days=9)).date(), STAFF)


async def test_while_the_renewal_is_being_charged_its_date_stays(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, next_charge_at=now())
    await stage_renewals(BillingClock(now()))

    with pytest.raises(NotNow, match="being charged"):
        await change_next_billing_date(marketplace, subscription["number"], (now() + timedelta(days=9)).date(), STAFF)


async def test_of_a_renewal_and_a_new_date_at_once_one_comes_first_and_the_other_gives_way(
    fresh_database: FreshDatabase,
) -> None:
    await open_pool(fresh_database.app_url, min_size=4, max_size=8)
    try:
        marketplace = await a_marketplace()
        for _ in range(8):
            subscription = await a_subscription(marketplace, next_charge_at=now())
            day = (now() + timedelta(days=9)).date()

            staged, changed = await asyncio.gather(
                stage_renewals(BillingClock(now())),
                change_next_billing_date(marketplace, subscription["number"], day, STAFF),
                return_exceptions=True,
            )

            charges = await fetch_value("SELECT count(*) FROM charge WHERE subscription_id = $1", subscription["id"])
            assert (charges, type(changed)) in ((1, NotNow), (0, type(None))), (staged, changed)
            await execute("UPDATE subscription SET next_charge_at = NULL")
    finally:
        await close_pool()
