"""Corners of billing that random lives of a shop found (tests/billing_model), each told on its own."""

from datetime import timedelta

import pytest

from models.database import Record, fetch, fetch_row, fetch_value
from tests.billing_model.shop import Shop
from tests.billing_model.watched_gateway import Fate
from tests.conftest import FreshDatabase
from workflows.billing.gateway_events.events import RefundMade

_PAYS, _FAILS, _STOLEN = "4242424242424242", "4000000000000341", "9990000000000037"
_WANTS_CUSTOMER, _WANTS_CUSTOMER_THEN_FAILS = "4000002500003155", "4000008260003178"


@pytest.fixture
async def shop(database: FreshDatabase) -> Shop:
    _ = database
    return await Shop.open()


async def _subscribed(shop: Shop, card: str) -> Record:
    """A monthly subscription whose second payment has met that card."""
    await shop.order("monthly", _PAYS)
    subscription = await fetch_row("SELECT * FROM subscription")
    assert subscription is not None
    await shop.replace_card(subscription, card)
    await _pass(shop, 31)
    return subscription


async def _pass(shop: Shop, days: int) -> None:
    for _ in range(days):
        await shop.next_day()
        await shop.run_jobs()


async def test_an_order_that_wants_its_customer_is_given_up_although_the_process_died_meanwhile(shop: Shop) -> None:
    shop.gateway.fate = Fate.DIES_AFTER
    await shop.order("monthly", _WANTS_CUSTOMER)
    await shop.run_jobs()

    charge = await fetch_row("SELECT state, decline_code FROM charge")
    assert charge is not None
    assert tuple(charge) == ("failed", "authentication_required")
    assert await fetch_value("SELECT status FROM sandbox_payment") == "failed"


async def test_an_attempt_confirmed_and_then_declined_is_one_attempt_and_one_email(shop: Shop) -> None:
    subscription = await _subscribed(shop, _WANTS_CUSTOMER_THEN_FAILS)

    assert await shop.confirm(subscription)

    case = await fetch_row(
        "SELECT attempts_made, last_decline_code, next_attempt_at - opened_at AS pause FROM dunning_case"
    )
    assert case is not None
    assert tuple(case) == (1, "insufficient_funds", timedelta(days=3))
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'failed_charge'") == 1


async def test_after_the_final_notice_only_staff_and_new_cards_try(shop: Shop) -> None:
    await shop.set_policy([1, 4], "leave")
    subscription = await _subscribed(shop, _STOLEN)
    await _pass(shop, 5)
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'final_notice'") == 1

    await shop.replace_card(subscription, _FAILS)
    await shop.run_jobs()
    await _pass(shop, 5)

    attempts = await fetch("SELECT initiator FROM charge WHERE period = 1 ORDER BY attempted_at")
    assert [row["initiator"] for row in attempts] == ["schedule", "new_card"]
    assert await fetch_value("SELECT count(*) FROM dunning_step WHERE channel = 'final_notice'") == 1
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'failed_charge'") == 2


async def test_an_attempt_whose_day_has_passed_is_made_the_next_day(shop: Shop) -> None:
    subscription = await _subscribed(shop, _STOLEN)
    await _pass(shop, 9)

    await shop.replace_card(subscription, _FAILS)
    await shop.run_jobs()
    assert await fetch_value("SELECT count(*) FROM charge WHERE initiator = 'retry'") == 0
    await _pass(shop, 2)

    assert await fetch_value("SELECT count(*) FROM charge WHERE initiator = 'retry'") == 2


async def test_a_payment_confirmed_after_it_was_given_up_is_not_taken_again(shop: Shop) -> None:
    subscription = await _subscribed(shop, _WANTS_CUSTOMER)
    shop.gateway.fate = Fate.DIES_AFTER  # the customer has paid, and we have not heard of it
    await shop.confirm(subscription)

    await shop.replace_card(subscription, _PAYS)
    await shop.run_jobs()

    assert (
        await fetch_value("SELECT count(*) FROM sandbox_payment WHERE status = 'succeeded'") == 2
    )  # the order's and this
    assert await fetch_value("SELECT state FROM subscription") == "active"
    paid = await fetch_row("SELECT * FROM charge WHERE period = 1 AND state = 'succeeded'")
    assert paid is not None
    assert await shop.refund(paid, None)
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'refunded'") == 1


async def test_a_refund_told_of_while_it_is_written_down_counts_once(shop: Shop) -> None:
    await shop.order("one-off", _PAYS)
    charge = await fetch_row("SELECT * FROM charge")
    assert charge is not None
    shop.gateway.fate = Fate.DIES_AFTER
    await shop.refund(charge, 500)
    event = next(event for event in shop.gateway.events if isinstance(event, RefundMade))

    assert await shop.deliver(event)
    await shop.run_jobs()

    assert await fetch_value("SELECT refunded_minor FROM charge") == 500
