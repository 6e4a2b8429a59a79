"""What PRODUCT.md 4.1 sells, from its order to its end: every interval, trials free or with a price, plans that end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from models.database import Record, execute, fetch, fetch_row, fetch_value
from tests.billing_model.shop import FIRST_DAY, Shop
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_marketplace, a_subscription, an_open_case
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.run.due_work import run_billing
from workflows.runtime.clock import now

_PAYS, _FAILS = "4242424242424242", "4000000000000341"


@pytest.fixture
async def shop(database: FreshDatabase) -> Shop:
    _ = database
    return await Shop.open()


async def _pass(shop: Shop, days: int, step: int = 1) -> None:
    for _ in range(0, days, step):
        await shop.let_pass(timedelta(days=step))
        await shop.bill()
        await shop.run_jobs()


async def _charged(shop: Shop) -> list[tuple[int, int, str]]:
    """(period, amount, day by the shop's clock) of each payment, in order."""
    rows = await fetch(
        "SELECT period, amount_minor, attempted_at FROM charge WHERE state = 'succeeded' ORDER BY attempted_at"
    )
    return [(row["period"], row["amount_minor"], row["attempted_at"].date().isoformat()) for row in rows]


async def _subscription() -> Record:
    row = await fetch_row("SELECT * FROM subscription")
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("unit", "count", "days"),  # from 30 January 2031 on, typed by hand
    [
        ("day", 10, ["2031-01-30", "2031-02-09", "2031-02-19", "2031-03-01"]),
        ("week", 1, ["2031-01-30", "2031-02-06", "2031-02-13", "2031-02-20"]),
        ("month", 1, ["2031-01-30", "2031-02-28", "2031-03-30", "2031-04-30"]),
        ("month", 3, ["2031-01-30", "2031-04-30", "2031-07-30", "2031-10-30"]),
        ("year", 1, ["2031-01-30", "2032-01-30", "2033-01-30", "2034-01-30"]),
    ],
    ids=["10 days", "week", "month", "quarter", "year"],
)
async def test_each_interval_is_charged_on_its_days(shop: Shop, unit: str, count: int, days: list[str]) -> None:
    await shop.offer("it", interval_unit=unit, interval_count=count)
    await shop.order("it", _PAYS)

    whole = datetime.fromisoformat(days[-1]).replace(tzinfo=UTC) - FIRST_DAY.replace(hour=0)
    for day in days[1:]:
        due = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        await shop.let_pass(due - await shop.now() - timedelta(hours=1))
        await shop.bill()
        assert await shop.jobs() == [], f"too early for {day}"
        await shop.let_pass(timedelta(hours=2))
        await shop.bill()
        await shop.run_jobs()

    assert await _charged(shop) == [(period, 1999, day) for period, day in enumerate(days)]
    assert (await shop.now() - FIRST_DAY).days == whole.days


async def test_a_trial_with_a_price_then_three_payments_and_the_plan_is_completed(shop: Shop) -> None:
    facts: dict[str, Any] = {"kind": "limited", "payments": 3, "interval_unit": "week", "interval_count": 1}
    await shop.offer("course", trial_days=10, initial_amount_minor=100, **facts)
    await shop.order("course", _PAYS)
    began = await _subscription()
    assert (began["state"], began["payments_made"], began["payments_total"]) == ("active", 0, 3)
    assert began["next_charge_at"] == began["trial_ends_at"] == began["started_at"] + timedelta(days=10)

    await _pass(shop, 40)

    assert await _charged(shop) == [
        (-1, 100, "2031-01-30"),  # the price of the trial
        (0, 1999, "2031-02-09"),
        (1, 1999, "2031-02-16"),
        (2, 1999, "2031-02-23"),
    ]
    ended = await _subscription()
    assert (ended["state"], ended["payments_made"], ended["next_charge_at"]) == ("completed", 3, None)
    told = await fetch("SELECT template, context FROM outgoing_email ORDER BY created_at, id")
    assert [row["template"] for row in told] == ["order_receipt", "trial_ending", *["renewal_receipt"] * 3]
    receipts = [row["context"] for row in told[2:]]
    assert [(one["payment_number"], one["payments_total"]) for one in receipts] == [(1, 3), (2, 3), (3, 3)]
    assert ["next_charge_at" in one for one in receipts] == [True, True, False]


async def test_a_free_trial_whose_first_payment_fails_is_won_back_on_its_own_days(shop: Shop) -> None:
    await shop.offer("box", trial_days=10)
    await shop.order("box", _FAILS)
    await _pass(shop, 11)
    failed = await _subscription()
    assert (failed["state"], await fetch_value("SELECT period FROM dunning_case")) == ("failed_charge", 0)

    await shop.replace_card(failed, _PAYS)
    await shop.run_jobs()
    won_back = await _subscription()

    assert (won_back["state"], won_back["payments_made"], won_back["next_period"]) == ("active", 1, 1)
    assert (won_back["next_charge_at"].month, won_back["next_charge_at"].day) == (3, 9)  # the trial ended on 9 February


async def test_a_trial_cancelled_before_its_end_costs_nothing(shop: Shop) -> None:
    await shop.offer("box", trial_days=10)
    await shop.order("box", _PAYS)
    assert await shop.cancel(await _subscription())

    await _pass(shop, 20)

    assert await fetch_value("SELECT count(*) FROM charge") == 0
    assert (await _subscription())["state"] == "cancelled"


async def test_the_last_payment_of_a_plan_may_be_won_back_and_completes_it(shop: Shop) -> None:
    await shop.offer("plan", kind="limited", payments=2, interval_unit="week", interval_count=1)
    await shop.order("plan", _PAYS)
    await shop.replace_card(await _subscription(), _FAILS)
    await _pass(shop, 8)
    assert (await _subscription())["state"] == "failed_charge"

    await shop.replace_card(await _subscription(), _PAYS)
    await shop.run_jobs()

    ended = await _subscription()
    assert (ended["state"], ended["payments_made"], ended["next_charge_at"]) == ("completed", 2, None)
    assert await fetch_value("SELECT state FROM dunning_case") == "recovered"


async def test_an_expiring_card_is_announced_before_each_charge_until_it_is_replaced(shop: Shop) -> None:
    await shop.order("monthly", _PAYS)
    await execute("UPDATE payment_method SET exp_month = 2, exp_year = 2031")

    await _pass(shop, 29 + 30)
    causes = await fetch("SELECT cause FROM outgoing_email WHERE template = 'card_expiring' ORDER BY created_at")
    # Good to the end of February, so for the charge of the 28th; told once for those of 30 March and 30 April.
    assert [row["cause"].split(":")[3] for row in causes] == ["2"]
    await _pass(shop, 28)
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'card_expiring'") == 2

    await shop.replace_card(await _subscription(), _PAYS)
    await _pass(shop, 32)
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'card_expiring'") == 2


async def test_a_subscription_that_costs_nothing_renews_without_any_gateway(shop: Shop) -> None:
    marketplace = await shop.marketplace()
    at = await shop.now()
    dates: dict[str, Any] = {"started_at": at, "anchor_at": at, "next_charge_at": at}
    await a_subscription(marketplace, amount_minor=0, next_period=0, payments_made=0, **dates)

    await shop.bill()
    await shop.run_jobs()

    paid = await fetch_row("SELECT state, gateway_reference FROM charge")
    assert paid is not None
    assert tuple(paid) == ("succeeded", None)
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 0
    assert (await _subscription())["next_period"] == 1


async def test_one_that_cannot_be_billed_does_not_keep_the_others_waiting(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    due: dict[str, Any] = {"next_charge_at": now() - timedelta(minutes=1), "next_period": 3}
    paid_already = await a_subscription(marketplace, **due)
    await a_charge(marketplace, subscription=paid_already, period=3)
    fine = await a_subscription(marketplace, **due)
    broken, whole = [await a_subscription(marketplace, state="failed_charge") for _ in range(2)]
    for subscription, policy in ((broken, {"attempt_days": ["soon"], "end": "cancel"}), (whole, None)):
        columns: dict[str, Any] = {"opened_at": now() - timedelta(days=3), "next_attempt_at": now()}
        await an_open_case(subscription, **columns, **({} if policy is None else {"policy": policy}))

    with structlog.testing.capture_logs() as logs:
        await run_billing(BillingClock(now()))

    staged = await fetch("SELECT subscription_id FROM charge WHERE state = 'pending' ORDER BY subscription_id")
    assert {row["subscription_id"] for row in staged} == {fine["id"], whole["id"]}
    assert [row["subscription_id"] for row in logs if row["event"] == "billing step failed"] == [str(broken["id"])]
    assert await fetch_value("SELECT next_charge_at FROM subscription WHERE id = $1", paid_already["id"]) is not None
