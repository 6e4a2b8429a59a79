"""Restarting what was cancelled: what is paid for runs on, what is not is charged at once, each period once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from integrations.gateways import gateway_for
from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_marketplace, a_product, a_subscription
from tests.workflows.billing.billed import FAILS, billed, of, run
from workflows.billing.charges.refunds import refund_charge
from workflows.billing.collection.outcomes import record_outcome
from workflows.billing.gateway import Outcome
from workflows.billing.subscriptions.cancel import cancel_by_staff
from workflows.billing.subscriptions.restart import restart
from workflows.engine.actor import Actor
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, NotNow, TransitionRefused

STAFF = Actor("staff", "0198c2a4-5f6e-7000-8000-000000000001")


async def _now(marketplace: Marketplace) -> Marketplace:
    return await marketplace_by_id(marketplace.id)  # its clock was moved


async def test_within_the_paid_period_it_runs_on_and_nothing_is_charged_before_its_end(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace)
    await run(marketplace)
    paid_until = (await of("subscription"))["next_charge_at"]
    await run(marketplace, days=10)
    await cancel_by_staff(await _now(marketplace), subscription["number"], STAFF)

    await restart(await _now(marketplace), subscription["number"], STAFF)
    await run(marketplace)

    after = await of("subscription")
    assert (after["state"], after["next_charge_at"], after["ended_at"]) == ("active", paid_until, None)
    assert await fetch_value("SELECT count(*) FROM charge") == 1
    log = await fetch_row("SELECT * FROM transition_log WHERE trigger = 'restart'")
    assert log is not None
    assert (log["actor_kind"], log["reason"]) == ("staff", "restarted_by_staff")


async def test_after_the_paid_period_a_new_one_begins_now_and_is_charged_once(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace)
    await run(marketplace)
    await cancel_by_staff(await _now(marketplace), subscription["number"], STAFF)
    await run(marketplace, days=200)

    await restart(await _now(marketplace), subscription["number"], STAFF)
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'billing.run'") == 1
    for _ in range(3):
        await run(marketplace)

    periods = await fetch("SELECT period, state FROM charge ORDER BY period")
    assert [tuple(row) for row in periods] == [(0, "succeeded"), (1, "succeeded")]
    after = await of("subscription")
    assert (after["payments_made"], after["anchor_period"], after["next_period"]) == (2, 1, 2)
    assert timedelta(days=27) < after["next_charge_at"] - after["anchor_at"] < timedelta(days=32)


async def test_the_period_whose_charge_failed_is_charged_at_the_restart(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace, FAILS)
    await run(marketplace)
    await cancel_by_staff(marketplace, subscription["number"], STAFF)

    await restart(marketplace, subscription["number"], STAFF)
    await run(marketplace)

    assert (await of("subscription"))["state"] == "failed_charge"
    cases = await fetch("SELECT state, period FROM dunning_case ORDER BY opened_at")
    assert [tuple(case) for case in cases] == [("abandoned", 0), ("open", 0)]


async def test_a_period_given_back_in_full_is_not_paid_for(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription = await billed(marketplace)
    await run(marketplace)
    await cancel_by_staff(marketplace, subscription["number"], STAFF)
    charge: UUID = (await of("charge"))["id"]
    await refund_charge(marketplace, charge, None, gateway_for("sandbox"), STAFF)

    await restart(marketplace, subscription["number"], STAFF)
    await run(marketplace)

    periods = await fetch("SELECT period, state FROM charge ORDER BY period")
    assert [tuple(row) for row in periods] == [(0, "refunded"), (1, "succeeded")]


async def _cancelled_on_the_way(marketplace: Marketplace) -> int:
    """A subscription cancelled while its charge was at the gateway."""
    subscription = await billed(marketplace)
    charge = await a_charge(marketplace, subscription=subscription, state="pending")
    await execute("UPDATE charge SET submitted_at = $1", now())
    await execute("UPDATE subscription SET next_charge_at = NULL")
    await cancel_by_staff(marketplace, subscription["number"], STAFF)
    assert await fetch_value("SELECT state FROM charge WHERE id = $1", charge["id"]) == "pending"
    return subscription["number"]


async def _settled_late(marketplace: Marketplace) -> None:
    """The gateway's answer comes after the cancellation: it was paid."""
    charge = await of("charge")
    await record_outcome(marketplace.id, charge["id"], Outcome(state="succeeded", gateway_reference="pay_late"))


async def test_while_a_charge_is_on_its_way_it_waits(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    number = await _cancelled_on_the_way(marketplace)

    with pytest.raises(NotNow, match="still on its way"):
        await restart(marketplace, number, STAFF)


async def test_what_was_paid_on_the_way_counts_and_is_not_charged_again(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    number = await _cancelled_on_the_way(marketplace)
    await _settled_late(marketplace)

    await restart(marketplace, number, STAFF)
    await run(marketplace)

    after = await of("subscription")
    assert (after["payments_made"], after["next_period"]) == (1, 1)
    assert after["next_charge_at"] > now() + timedelta(days=27)
    assert await fetch_value("SELECT count(*) FROM charge") == 1


async def test_a_trial_runs_on_to_its_end(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    ends = now() + timedelta(days=5)
    subscription = await a_subscription(
        marketplace, trial_ends_at=ends, anchor_at=ends, next_charge_at=ends, next_period=0, payments_made=0
    )
    await cancel_by_staff(marketplace, subscription["number"], STAFF)

    await restart(marketplace, subscription["number"], STAFF)

    assert (await of("subscription"))["next_charge_at"] == ends


async def test_a_plan_whose_payments_were_all_made_has_nothing_to_restart(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    product = await a_product(marketplace, kind="limited", payments=3)
    subscription = await a_subscription(marketplace, product=product, state="cancelled", payments_made=3)

    with pytest.raises(NotNow, match="All payments"):
        await restart(marketplace, subscription["number"], STAFF)


@pytest.mark.parametrize("state", ["active", "failed_charge", "completed"])
async def test_only_what_is_cancelled_is_restarted(database: FreshDatabase, state: str) -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state=state)

    with pytest.raises(TransitionRefused):
        await restart(marketplace, subscription["number"], STAFF)
    with pytest.raises(NotFound):
        await restart(await a_marketplace(), subscription["number"], STAFF)


async def test_of_many_restarts_at_once_one_restarts_and_one_charge_follows(fresh_database: FreshDatabase) -> None:
    await open_pool(fresh_database.app_url, min_size=8, max_size=8)
    try:
        marketplace = await a_marketplace()
        subscription = await billed(marketplace)
        await cancel_by_staff(marketplace, subscription["number"], STAFF)

        answers = await asyncio.gather(
            *(restart(marketplace, subscription["number"], STAFF) for _ in range(6)), return_exceptions=True
        )
        await asyncio.gather(*(run(marketplace) for _ in range(3)), return_exceptions=True)

        assert sum(isinstance(answer, TransitionRefused) for answer in answers) == 5
        assert await fetch_value("SELECT count(*) FROM charge") == 1
        assert (await of("subscription"))["payments_made"] == 1
    finally:
        await close_pool()
