"""Two years of monthly billing in four time zones, by the sandbox's own clock, beside a calendar written by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from integrations.gateways import gateway_for
from models.database import fetch, fetch_value
from tasks.catalogue import JOBS
from tasks.claim import claim
from tasks.run import run_job
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_product
from tests.workflows.billing.calendar.calendar_by_hand import (
    BEFORE_THEM,
    CHARGES_IN_TWO_YEARS,
    HARD_STARTS,
    ZONES,
    charge_days,
    charge_instants,
)
from workflows.billing.orders import NewOrder, OrderCard, place_order
from workflows.billing.run.sandbox_clock import advance, to_instant, to_next_event
from workflows.engine.actor import Actor
from workflows.engine.job_names import CHARGES, EMAILS, LINKS
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

END = datetime(2033, 2, 12, tzinfo=UTC)  # of the last one's second year
_CARD = OrderCard(gateway="sandbox", number="4242424242424242", exp_month=12, exp_year=2055)
_RESEND_AFTER = timedelta(minutes=10)


async def work_in_this_process() -> None:
    """What dispatcher and workers do, without the Valkey between them. Nobody makes documents."""
    jobs = {job.name: job for job in JOBS}
    while True:
        rows = await claim({LINKS: 50, CHARGES: 50, EMAILS: 50}, _RESEND_AFTER)
        await asyncio.gather(*(run_job(jobs[row.actor], row.id) for row in rows))
        if not rows:
            await asyncio.sleep(0.005)


@pytest.fixture
async def workers(database: FreshDatabase) -> AsyncIterator[None]:
    working = asyncio.create_task(work_in_this_process())
    yield
    working.cancel()
    await asyncio.wait([working])


async def subscribe(zone: str) -> Marketplace:
    """A marketplace whose customers order the same monthly product, each at another of the hard starts."""
    marketplace = await a_marketplace(time_zone=zone, clock_offset=BEFORE_THEM - now(), email_button=False)
    product = await a_product(marketplace)
    for start in HARD_STARTS:
        await advance(
            marketplace.id, to_instant(ZONES[zone].instant(datetime.fromisoformat(start))), Actor("worker", "test")
        )
        customer = await a_customer(marketplace)
        order = NewOrder(customer=customer["number"], product=str(product["id"]), card=_CARD)
        moved = await marketplace_by_id(marketplace.id)
        await place_order(moved, order, gateway_for("sandbox"), Actor("api_key", UUID(int=1)))
    return marketplace


async def live_two_years(zone: str) -> tuple[Marketplace, dict[tuple[UUID, int], datetime]]:
    """Event by event; answers with when each subscription's each period was due."""
    marketplace = await subscribe(zone)
    due: dict[tuple[UUID, int], datetime] = {}
    at = BEFORE_THEM
    while at < END:
        rows = await fetch(
            "SELECT id, next_period, next_charge_at FROM subscription WHERE marketplace_id = $1", marketplace.id
        )
        due |= {(row["id"], row["next_period"]): row["next_charge_at"] for row in rows}
        at = (await advance(marketplace.id, to_next_event, Actor("worker", "test"))).now
    return marketplace, due


async def test_two_years_of_charges_fall_on_the_days_that_the_calendar_says(workers: None) -> None:
    lives = await asyncio.gather(*(live_two_years(zone) for zone in ZONES))

    for marketplace, due in lives:
        subscriptions = await fetch("SELECT id, started_at FROM subscription WHERE marketplace_id = $1", marketplace.id)
        assert len(subscriptions) == len(HARD_STARTS)
        for subscription in subscriptions:
            id_, first_at, zone = subscription["id"], subscription["started_at"], marketplace.time_zone
            expected = charge_instants(first_at, zone, CHARGES_IN_TWO_YEARS)
            assert [due[id_, period] for period in range(1, CHARGES_IN_TWO_YEARS)] == expected[1:], (zone, first_at)
            days = charge_days(ZONES[zone].reading(first_at).date(), CHARGES_IN_TWO_YEARS)
            assert await days_charged(marketplace, id_) == days, (zone, first_at)
    assert await fetch_value("SELECT array_agg(DISTINCT queue) FROM outbox") == ["documents"], "what nobody waits for"
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE state <> 'sent'") == 0


async def days_charged(marketplace: Marketplace, subscription_id: UUID) -> list[date]:
    """The local days of the first two years' charges, each of them paid."""
    charges = await fetch(
        "SELECT state, attempted_at FROM charge WHERE marketplace_id = $1 AND subscription_id = $2"
        " ORDER BY attempted_at LIMIT $3",
        marketplace.id,
        subscription_id,
        CHARGES_IN_TWO_YEARS,
    )
    assert {charge["state"] for charge in charges} == {"succeeded"}
    return [ZONES[marketplace.time_zone].reading(charge["attempted_at"]).date() for charge in charges]


def test_the_calendar_written_by_hand_knows_the_hard_days() -> None:
    def days(first: date, count: int) -> list[str]:
        return [day.isoformat() for day in charge_days(first, count)]

    def local(zone: str, wall: str, months: int) -> str:
        first = ZONES[zone].instant(datetime.fromisoformat(wall))
        at = charge_instants(first, zone, months + 1)[months]
        return f"{at:%Y-%m-%dT%H:%M}Z"

    assert days(date(2031, 1, 31), 4) == ["2031-01-31", "2031-02-28", "2031-03-31", "2031-04-30"]
    assert days(date(2032, 1, 31), 3) == ["2032-01-31", "2032-02-29", "2032-03-31"]
    assert local("Europe/Berlin", "2031-01-30 02:15", 2) == "2031-03-30T01:15Z", "skipped: 3:15 in summer"
    assert local("Europe/Berlin", "2032-01-31 02:30", 9) == "2032-10-31T00:30Z", "twice: the first, in summer"
    assert local("America/New_York", "2031-02-09 02:30", 1) == "2031-03-09T07:30Z", "skipped: 3:30 in summer"
    assert local("America/New_York", "2031-01-31 23:45", 5) == "2031-07-01T03:45Z", "30 June in New York"
    assert local("Asia/Tokyo", "2031-01-31 02:30", 1) == "2031-02-27T17:30Z"
    assert local("Pacific/Auckland", "2031-01-28 02:30", 8) == "2031-09-27T14:30Z", "skipped: 3:30 in summer"
    assert local("Pacific/Auckland", "2031-01-28 02:30", 5) == "2031-06-27T14:30Z", "winter"
