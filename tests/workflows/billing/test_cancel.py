"""Cancelling: at once, everything that hung on the subscription with it, and nothing refunded."""

import asyncio

import pytest

from models.database import Record, close_pool, execute, fetch, fetch_row, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_link, a_marketplace, a_session, a_subscription, an_open_case
from workflows.access.sessions import find_session
from workflows.access.views import SignedIn
from workflows.billing.subscriptions.cancel import cancel_by_customer
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import NotFound, SelfCancellationOff, TransitionRefused


async def _signed_in(marketplace: Marketplace, customer: Record) -> SignedIn:
    token, _ = await a_session(marketplace, customer)
    return await find_session(marketplace.id, token)


async def test_a_customer_cancels_at_once_and_is_told(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(self_cancellation=True)
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    charge = await a_charge(marketplace, subscription=subscription)

    shown = await cancel_by_customer(marketplace, await _signed_in(marketplace, customer), subscription["number"])

    assert (shown.state, shown.next_charge_at, shown.can_cancel) == ("cancelled", None, False)
    assert shown.ended_at is not None
    mail = await fetch_row("SELECT * FROM outgoing_email")
    assert mail is not None
    assert (mail["template"], mail["recipient"]) == ("subscription_cancelled", customer["email"])
    log = await fetch_row("SELECT * FROM transition_log WHERE machine = 'subscription' AND trigger = 'cancel'")
    assert log is not None
    assert (log["actor_kind"], log["actor_id"], log["reason"]) == (
        "customer",
        str(customer["id"]),
        "self_cancellation",
    )
    assert await fetch_value("SELECT refunded_minor FROM charge WHERE id = $1", charge["id"]) == 0


async def test_it_is_refused_where_the_merchant_does_not_offer_it(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()  # off by default
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)

    with pytest.raises(SelfCancellationOff):
        await cancel_by_customer(marketplace, await _signed_in(marketplace, customer), subscription["number"])

    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0


async def test_a_setting_switched_off_meanwhile_is_obeyed(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(self_cancellation=True)
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    signed_in = await _signed_in(marketplace, customer)

    await execute("UPDATE marketplace SET self_cancellation = false")

    with pytest.raises(SelfCancellationOff):
        await cancel_by_customer(marketplace, signed_in, subscription["number"])


async def test_its_case_its_waiting_attempt_and_its_links_end_with_it(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(self_cancellation=True)
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    case = await an_open_case(subscription)
    waiting = await a_charge(marketplace, subscription=subscription, state="pending")
    link = await a_link(marketplace, customer=customer, subscription=subscription, dunning_case_id=case["id"])
    portal_link = await a_link(marketplace, customer=customer)

    await cancel_by_customer(marketplace, await _signed_in(marketplace, customer), subscription["number"])

    row = await fetch_row("SELECT state, closed_at, next_attempt_at FROM dunning_case")
    assert row is not None
    assert (row["state"], row["next_attempt_at"]) == ("abandoned", None)
    assert row["closed_at"] is not None
    assert await fetch_value("SELECT state FROM charge WHERE id = $1", waiting["id"]) == "failed"
    states = {row["id"]: row["state"] for row in await fetch("SELECT id, state FROM access_token")}
    assert states[link["id"]] == "expired"
    assert states[portal_link["id"]] == "issued"


async def test_a_charge_already_at_the_gateway_is_left_to_be_settled(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(self_cancellation=True)
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    charge = await a_charge(marketplace, subscription=subscription, state="pending")
    await execute("UPDATE charge SET submitted_at = now()")

    await cancel_by_customer(marketplace, await _signed_in(marketplace, customer), subscription["number"])

    assert await fetch_value("SELECT state FROM charge WHERE id = $1", charge["id"]) == "pending"


@pytest.mark.parametrize("state", ["cancelled", "completed"])
async def test_what_has_ended_cannot_be_cancelled(database: FreshDatabase, state: str) -> None:
    marketplace = await a_marketplace(self_cancellation=True)
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer, state=state)

    with pytest.raises(TransitionRefused):
        await cancel_by_customer(marketplace, await _signed_in(marketplace, customer), subscription["number"])


async def test_anybody_elses_subscription_is_not_found(database: FreshDatabase) -> None:
    marketplace, other = await a_marketplace(self_cancellation=True), await a_marketplace(self_cancellation=True)
    signed_in = await _signed_in(marketplace, await a_customer(marketplace))
    neighbours = await a_subscription(marketplace)
    elsewhere = await a_subscription(other, number=4711)

    for number in (neighbours["number"], elsewhere["number"], 0, -1, 2**62):
        with pytest.raises(NotFound):
            await cancel_by_customer(marketplace, signed_in, number)

    assert await fetch_value("SELECT count(*) FROM subscription WHERE state = 'cancelled'") == 0


async def test_of_two_cancellations_at_once_one_wins_and_one_mail_goes(fresh_database: FreshDatabase) -> None:
    await open_pool(fresh_database.app_url, min_size=8, max_size=8)
    try:
        marketplace = await a_marketplace(self_cancellation=True)
        customer = await a_customer(marketplace)
        subscription = await a_subscription(marketplace, customer=customer)
        signed_in = await _signed_in(marketplace, customer)

        answers = await asyncio.gather(
            *(cancel_by_customer(marketplace, signed_in, subscription["number"]) for _ in range(8)),
            return_exceptions=True,
        )

        assert sum(isinstance(answer, TransitionRefused) for answer in answers) == 7
        assert await fetch_value("SELECT count(*) FROM outgoing_email") == 1
        assert await fetch_value("SELECT count(*) FROM transition_log WHERE trigger = 'cancel'") == 1
    finally:
        await close_pool()
