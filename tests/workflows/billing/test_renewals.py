"""Renewals and the Subscription Saver, driven by the billing clock, with the real sandbox gateway."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_product
from tests.workflows.billing.billed import FAILS, PAYS, billed, run
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.run.renewals import stage_renewals
from workflows.runtime.clock import now

_STOLEN, _WANTS_CUSTOMER = "9990000000000037", "4000002760003184"


async def _templates() -> list[str]:
    return [row["template"] for row in await fetch("SELECT template FROM outgoing_email ORDER BY created_at, id")]


async def test_a_due_subscription_is_charged_and_due_again_a_month_later(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace, PAYS)

    await run(marketplace)
    await run(marketplace, days=31)
    await run(marketplace, days=31)

    charges = await fetch("SELECT period, state, initiator FROM charge ORDER BY period")
    assert [tuple(row) for row in charges] == [(period, "succeeded", "schedule") for period in range(3)]
    row = await fetch_row("SELECT payments_made, next_period, next_charge_at FROM subscription")
    assert row is not None
    assert (row["payments_made"], row["next_period"]) == (3, 3)
    assert row["next_charge_at"] > subscription["anchor_at"] + timedelta(days=88)
    assert await _templates() == ["renewal_receipt"] * 3


async def test_sixteen_sweeps_at_once_stage_each_renewal_once(fresh_database: FreshDatabase) -> None:
    await open_pool(fresh_database.app_url, min_size=8, max_size=16)
    try:
        marketplace = await a_marketplace()
        for _ in range(20):
            await billed(marketplace, PAYS)

        staged = await asyncio.gather(*(stage_renewals(BillingClock(now())) for _ in range(16)))

        assert sum(staged) == 20
        assert await fetch_value("SELECT count(*) FROM charge") == 20
        assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'charge.submit'") == 20
    finally:
        await close_pool()


async def test_what_is_not_due_is_left_alone(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await billed(marketplace, PAYS, next_charge_at=now() + timedelta(hours=1))
    await billed(marketplace, PAYS, state="cancelled", next_charge_at=now())
    await billed(marketplace, PAYS, cancel_at=now() - timedelta(seconds=2))

    assert await stage_renewals(BillingClock(now())) == 0


async def test_a_plan_of_three_payments_is_charged_three_times_and_completed(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    product = await a_product(marketplace, kind="limited", payments=3)
    await billed(marketplace, PAYS, product=product, payments_total=3)

    for _ in range(5):
        await run(marketplace, days=31)

    assert await fetch_value("SELECT count(*) FROM charge") == 3
    row = await fetch_row("SELECT state, payments_made, next_charge_at FROM subscription")
    assert row is not None
    assert tuple(row) == ("completed", 3, None)


async def test_the_default_policy_day_by_day_until_the_subscription_ends(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await billed(marketplace, FAILS)
    attempts_by_day: dict[int, int] = {}

    await run(marketplace)
    for day in range(1, 20):
        attempts_by_day[day] = await fetch_value("SELECT count(*) FROM charge")
        await run(marketplace, days=1)

    assert [attempts_by_day[day] for day in (1, 3, 4, 7, 8, 14, 15, 19)] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert await fetch_value("SELECT state FROM subscription") == "cancelled"
    assert await fetch_value("SELECT state FROM dunning_case") == "exhausted"
    assert await _templates() == [*["failed_charge"] * 4, "final_notice", "subscription_cancelled"]
    steps = await fetch("SELECT stage, channel FROM dunning_step ORDER BY stage, channel")
    assert [tuple(row) for row in steps] == [
        *((stage, channel) for stage in (1, 2, 3) for channel in ("charge", "email")),
        (4, "charge"),
        (4, "email"),
        (4, "final_notice"),
    ]


async def test_a_stolen_card_is_tried_once_and_the_case_ends_in_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await billed(marketplace, _STOLEN)

    for _ in range(16):
        await run(marketplace, days=1)

    assert await fetch_value("SELECT count(*) FROM charge") == 1
    assert await fetch_value("SELECT state FROM subscription") == "cancelled"
    assert await _templates() == ["failed_charge", "final_notice", "subscription_cancelled"]


async def test_a_policy_that_leaves_the_subscription_keeps_the_case_open_for_a_new_card(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace(dunning_policy={"version": 2, "attempt_days": [1, 2], "end": "leave"})
    await billed(marketplace, FAILS)

    for _ in range(5):
        await run(marketplace, days=1)

    row = await fetch_row("SELECT state, next_attempt_at FROM dunning_case")
    assert row is not None
    assert tuple(row) == ("open", None)
    assert await fetch_value("SELECT state FROM subscription") == "failed_charge"
    assert await fetch_value("SELECT count(*) FROM charge") == 2
    assert await _templates() == ["failed_charge", "failed_charge", "final_notice"]


async def test_a_policy_changed_meanwhile_does_not_touch_an_open_case(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await billed(marketplace, FAILS)
    await run(marketplace)

    await execute('UPDATE marketplace SET dunning_policy = \'{"version":2,"attempt_days":[1],"end":"cancel"}\'')
    await run(marketplace, days=3)

    assert await fetch_value("SELECT count(*) FROM charge") == 2
    assert await fetch_value("SELECT policy ->> 'version' FROM dunning_case") == "1"


async def test_a_payment_that_wants_its_customer_is_not_retried_and_ends_with_the_policy(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace()
    await billed(marketplace, _WANTS_CUSTOMER)

    await run(marketplace)
    assert await fetch_value("SELECT state FROM subscription") == "failed_charge"
    assert await fetch_value("SELECT state FROM charge") == "action_required"
    for _ in range(15):
        await run(marketplace, days=1)

    assert await fetch_value("SELECT count(*) FROM charge") == 1
    assert await fetch_value("SELECT state FROM charge") == "failed"
    assert await fetch_value("SELECT state FROM subscription") == "cancelled"


async def test_one_card_of_two_failing_subscriptions_is_retried_once_a_day(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    first = await billed(marketplace, FAILS)
    second = await billed(marketplace, FAILS)

    await run(marketplace)
    for _ in range(16):
        await run(marketplace, days=1)

    retries = await fetch("SELECT attempted_at FROM charge WHERE initiator = 'retry' ORDER BY attempted_at")
    gaps = [later["attempted_at"] - one["attempted_at"] for one, later in pairwise(retries)]
    assert all(gap >= timedelta(days=1) for gap in gaps)
    assert len(retries) <= 8
    for subscription in (first, second):
        assert await fetch_value("SELECT count(*) FROM charge WHERE subscription_id = $1", subscription["id"]) >= 3


async def test_a_subscription_ends_on_its_date_before_it_renews(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    due = now() + timedelta(days=5)
    await billed(marketplace, PAYS, next_charge_at=due, cancel_at=due)

    await run(marketplace, days=6)

    assert await fetch_value("SELECT state FROM subscription") == "cancelled"
    assert await fetch_value("SELECT count(*) FROM charge") == 0
    assert await _templates() == ["subscription_cancelled"]


async def test_a_trials_end_is_announced_once_and_then_charged(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    ends = now() + timedelta(days=14)
    await billed(marketplace, PAYS, trial_ends_at=ends, anchor_at=ends, next_charge_at=ends)

    for _ in range(13):
        await run(marketplace, days=1)
    assert await _templates() == ["trial_ending"]
    await run(marketplace, days=2)

    assert await _templates() == ["trial_ending", "renewal_receipt"]


async def test_an_expiring_card_is_announced_once_before_its_charge(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace, PAYS, next_charge_at=now() + timedelta(days=20))
    last_month = (now() + timedelta(days=20)).replace(day=1) - timedelta(days=1)
    await execute(
        "UPDATE payment_method SET exp_month = $2, exp_year = $3 WHERE id = $1",
        subscription["payment_method_id"],
        last_month.month,
        last_month.year,
    )

    for _ in range(19):
        await run(marketplace, days=1)

    assert await _templates() == ["card_expiring"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin"])
async def test_dates_of_a_year_follow_the_marketplaces_calendar(database: FreshDatabase, zone: str) -> None:
    marketplace = await a_marketplace(time_zone=zone)
    anchor = datetime(2027, 1, 31, 12, tzinfo=UTC)
    await billed(marketplace, PAYS, anchor_at=anchor, next_charge_at=anchor)
    due: list[datetime] = []

    for _ in range(12):
        at = await fetch_value("SELECT next_charge_at FROM subscription")
        due.append(at)
        await execute("UPDATE marketplace SET clock_offset = $1::timestamptz - now()", at + timedelta(seconds=1))
        await run(marketplace)

    assert [at.astimezone(UTC).date().day for at in due] == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
