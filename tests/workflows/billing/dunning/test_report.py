"""What the Subscription Saver won back, by month and by attempt (PRODUCT.md 3.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.database import Record, execute, fetch, single_connection, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_marketplace, a_subscription, an_open_case
from workflows.billing.dunning.report import CASES_BY_MONTH, saver_report
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen
from workflows.runtime.errors import InvalidInput

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("database")


async def a_case(shop: Marketplace, opened_at: datetime, state: str = "open", **columns: Any) -> Record:
    subscription = await a_subscription(shop, state="failed_charge" if state == "open" else "active")
    return await an_open_case(subscription, opened_at=opened_at, state=state, **columns)


async def an_attempt(shop: Marketplace, case: Record, stage: int, state: str) -> None:
    charge = await a_charge(shop, state=state, dunning_case_id=case["id"])
    await execute(
        "INSERT INTO dunning_step (marketplace_id, dunning_case_id, stage, channel, charge_id, at)"
        " VALUES ($1, $2, $3, 'charge', $4, $5)",
        shop.id,
        case["id"],
        stage,
        charge["id"],
        case["opened_at"],
    )


async def test_a_months_row_says_what_became_of_the_charges_that_failed_in_it() -> None:
    shop = await a_marketplace()
    february = datetime(2026, 2, 3, tzinfo=UTC)
    for state in ("recovered", "recovered", "exhausted", "abandoned", "open"):
        await a_case(shop, february, state)
    await a_case(shop, NOON, "recovered", amount_minor=500, currency="EUR")

    with frozen(NOON):
        report = await saver_report(shop, 3)

    january, second, march = report.months
    assert [month.month for month in report.months] == ["2026-01", "2026-02", "2026-03"]
    assert (january.failed, january.recovery_rate, january.recovered_revenue) == (0, None, [])
    assert (second.failed, second.recovered, second.lost, second.open) == (5, 2, 2, 1)
    assert second.recovery_rate == 0.5
    assert [(one.amount_minor, one.currency) for one in second.recovered_revenue] == [(3998, "USD")]
    assert [(one.amount_minor, one.currency) for one in march.recovered_revenue] == [(500, "EUR")]
    assert (report.total.month, report.total.failed, report.total.recovered) == ("total", 6, 3)
    assert [one.currency for one in report.total.recovered_revenue] == ["EUR", "USD"]


async def test_a_month_begins_at_midnight_of_the_marketplace() -> None:
    shop = await a_marketplace(time_zone="America/Los_Angeles")
    await a_case(shop, datetime(2026, 3, 1, 7, 59, tzinfo=UTC))  # still February there
    await a_case(shop, datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
    await a_case(shop, datetime(2026, 2, 1, 7, 59, tzinfo=UTC))  # January: not asked for

    with frozen(NOON):
        report = await saver_report(shop, 2)

    assert [(month.month, month.failed) for month in report.months] == [("2026-02", 1), ("2026-03", 1)]


async def test_a_sandboxs_months_are_those_of_its_own_clock() -> None:
    shop = await a_marketplace(clock_offset=timedelta(days=31))

    with frozen(NOON):
        assert [month.month for month in (await saver_report(shop, 1)).months] == ["2026-04"]


async def test_attempts_are_counted_by_their_place_in_the_case() -> None:
    shop = await a_marketplace()
    won, open_still = await a_case(shop, NOON, "recovered"), await a_case(shop, NOON)
    old = await a_case(shop, NOON - timedelta(days=60), "recovered")
    for case, stage, state in (
        (won, 1, "failed"),
        (won, 2, "refunded"),
        (open_still, 1, "failed"),
        (open_still, 2, "failed"),
        (open_still, 3, "pending"),  # not known yet
        (open_still, 14, "failed"),
        (open_still, 15, "failed"),
        (old, 1, "succeeded"),
    ):
        await an_attempt(shop, case, stage, state)

    with frozen(NOON):
        attempts = (await saver_report(shop, 1)).attempts

    shown = [(one.attempt, one.tried, one.recovered, one.rate) for one in attempts]
    assert shown == [(1, 2, 0, 0.0), (2, 2, 1, 0.5), (12, 2, 0, 0.0)]


async def test_another_marketplaces_cases_are_not_counted() -> None:
    await a_case(await a_marketplace(), NOON)

    with frozen(NOON):
        assert (await saver_report(await a_marketplace(), 12)).total.failed == 0


@pytest.mark.parametrize("months", [0, -1, 37])
async def test_there_is_an_end_to_months(months: int) -> None:
    with pytest.raises(InvalidInput):
        await saver_report(await a_marketplace(), months)


async def test_what_lies_before_the_months_is_not_read(database: FreshDatabase) -> None:
    shop = await a_marketplace()
    for months in range(40):
        await a_case(shop, NOON - months * timedelta(days=30), "recovered")
    async with single_connection(database.superuser_url):
        await execute("ANALYZE dunning_case")
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        await execute("SET LOCAL enable_bitmapscan = off")
        rows = await fetch(f"EXPLAIN {CASES_BY_MONTH}", shop.id, NOON, "UTC")
    plan = [row["QUERY PLAN"] for row in rows]

    assert any("using dunning_case_report" in line for line in plan), plan
    assert any("Index Cond" in line and "opened_at >= " in line for line in plan), plan
