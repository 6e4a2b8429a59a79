"""The Subscription Saver where it gets narrow: hard declines, waiting customers, staff's own retries, the networks'
limits over 30 days, policies of other days (PRODUCT.md 4.3 to 4.6)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models.database import Record, fetch, fetch_row, fetch_value
from tests.billing_model.shop import STAFF, Shop
from tests.conftest import FreshDatabase
from tests.factories import a_charge
from workflows.access_tokens.one_time_links import find_usable_link, link_text
from workflows.billing.calendar.clock import clock_of
from workflows.billing.dunning.manual_retry import retry_now
from workflows.billing.run.due_work import step_due_case
from workflows.billing.subscriptions.portal_list import get_subscription
from workflows.billing.subscriptions.staff_view import subscription_of_marketplace
from workflows.runtime.errors import LinkUnusable, TooManyRequests, TransitionRefused

_PAYS, _FAILS, _STOLEN, _WANTS_CUSTOMER = (
    "4242424242424242",
    "4000000000000341",
    "9990000000000037",
    "4000002500003155",
)
_DAY = timedelta(days=1)


@pytest.fixture
async def shop(database: FreshDatabase) -> Shop:
    _ = database
    return await Shop.open()


async def _failing(shop: Shop, card: str) -> Record:
    """A monthly subscription whose second payment has just met that card: Day 1."""
    await shop.order("monthly", _PAYS)
    subscription = await fetch_row("SELECT * FROM subscription ORDER BY number DESC LIMIT 1")
    assert subscription is not None
    await shop.replace_card(subscription, card)
    await _pass(shop, 29)  # 30 January to 28 February
    return subscription


async def _pass(shop: Shop, days: int) -> None:
    for _ in range(days):
        await shop.next_day()
        await shop.run_jobs()


async def _attempts(period: int = 1) -> list[tuple[str, int]]:
    """(who began it, on which day of the case), in order."""
    rows = await fetch("SELECT initiator, attempted_at FROM charge WHERE period = $1 ORDER BY attempted_at, id", period)
    return [(row["initiator"], (row["attempted_at"] - rows[0]["attempted_at"]).days + 1) for row in rows]


async def _case() -> Record:
    row = await fetch_row("SELECT * FROM dunning_case ORDER BY opened_at DESC LIMIT 1")
    assert row is not None
    return row


async def test_a_stolen_card_is_left_alone_until_a_new_one_pays_at_once(shop: Shop) -> None:
    subscription = await _failing(shop, _STOLEN)
    await _pass(shop, 9)
    assert await _attempts() == [("schedule", 1)]

    await shop.replace_card(subscription, _PAYS)
    await shop.run_jobs()

    assert await _attempts() == [("schedule", 1), ("new_card", 10)]
    assert (await _case())["state"] == "recovered"
    after = await fetch_row("SELECT state, next_charge_at, anchor_at FROM subscription")
    assert after is not None
    assert after["state"] == "active"
    # By the anchor of 30 January, not by the day of the recovery.
    assert (after["next_charge_at"].month, after["next_charge_at"].day) == (3, 30)


@pytest.mark.parametrize(
    ("card", "comes"), [(_FAILS, True), (_STOLEN, False), (_WANTS_CUSTOMER, False)], ids=["soft", "hard", "customer"]
)
async def test_only_who_is_tried_again_is_told_of_another_attempt(shop: Shop, card: str, *, comes: bool) -> None:
    subscription = await _failing(shop, card)

    marketplace = await shop.marketplace()
    customers = await get_subscription(marketplace, subscription["customer_id"], subscription["number"])
    merchants = await subscription_of_marketplace(marketplace, subscription["number"])
    told = await fetch_value("SELECT context FROM outgoing_email WHERE template = 'failed_charge'")

    assert customers.failed_charge is not None
    assert merchants.dunning is not None
    said = [customers.failed_charge.next_attempt_at, merchants.dunning.next_attempt_at, told.get("next_attempt_at")]
    assert [day is not None for day in said] == [comes] * 3
    assert told["confirm"] == (card == _WANTS_CUSTOMER)


async def test_a_new_card_takes_the_place_of_a_payment_that_waits_for_its_customer(shop: Shop) -> None:
    subscription = await _failing(shop, _WANTS_CUSTOMER)
    assert not await shop.retry(subscription)  # the customer's turn, not staff's

    await shop.replace_card(subscription, _PAYS)
    await shop.run_jobs()

    states = await fetch("SELECT state FROM charge WHERE period = 1 ORDER BY attempted_at")
    assert [row["state"] for row in states] == ["failed", "succeeded"]
    assert not await shop.confirm(subscription)  # nothing is left to confirm
    taken = await fetch("SELECT status, count(*) FROM sandbox_payment GROUP BY status ORDER BY status")
    assert [tuple(row) for row in taken] == [("failed", 1), ("succeeded", 2)]  # the order's, and this one


async def test_staffs_own_retries_burn_nothing_of_the_policys_budget(shop: Shop) -> None:
    subscription = await _failing(shop, _FAILS)
    for _ in range(2):
        assert await shop.retry(subscription)
        await shop.run_jobs()
        await _pass(shop, 1)
    await _pass(shop, 14)

    automatic = [day for who, day in await _attempts() if who in ("schedule", "retry")]
    assert automatic == [1, 4, 8, 15]
    assert [day for who, day in await _attempts() if who == "staff"] == [1, 2]
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'failed_charge'") == 6
    assert (await _case())["state"] == "exhausted"


async def test_staff_cannot_retry_what_has_not_failed_or_is_under_way(shop: Shop) -> None:
    await shop.order("monthly", _PAYS)
    marketplace, number = await shop.marketplace(), await fetch_value("SELECT number FROM subscription")
    with pytest.raises(TransitionRefused):
        await retry_now(marketplace, number, STAFF)

    await _failing(shop, _FAILS)
    failing = await fetch_value("SELECT max(number) FROM subscription")
    await retry_now(await shop.marketplace(), failing, STAFF)
    with pytest.raises(TransitionRefused):
        await retry_now(await shop.marketplace(), failing, STAFF)


async def _tried(shop: Shop, subscription: Record, days_ago: list[int], initiator: str, **columns: Any) -> None:
    """Earlier tries of the card, for another subscription of it."""
    at, marketplace = await shop.now(), await shop.marketplace()
    fingerprint = await fetch_value(
        "SELECT fingerprint FROM payment_method JOIN subscription ON payment_method_id = payment_method.id"
        " WHERE subscription.id = $1",
        subscription["id"],
    )
    for days in days_ago:
        await a_charge(
            marketplace,
            state="failed",
            initiator=initiator,
            card_fingerprint=fingerprint,
            attempted_at=at - days * _DAY,
            **columns,
        )


async def test_a_card_tried_eight_times_in_thirty_days_rests_whoever_asks(shop: Shop) -> None:
    subscription = await _failing(shop, _FAILS)
    await _tried(shop, subscription, [20, 10], "retry")
    await _tried(shop, subscription, [29, 5, 5, 4, 3, 2], "staff")
    opened = (await _case())["opened_at"]

    with pytest.raises(TooManyRequests):
        await retry_now(await shop.marketplace(), subscription["number"], STAFF)
    await _pass(shop, 3)  # day 4: by then the oldest of the eight is 32 days old

    assert await _attempts() == [("schedule", 1), ("retry", 4)]
    # Eight again, the oldest of them 20 days before Day 1: the next one waits for its thirtieth day.
    assert 9.9 * _DAY < (await _case())["next_attempt_at"] - opened < 10.1 * _DAY


async def test_tries_older_than_thirty_days_and_those_of_other_cards_do_not_count(shop: Shop) -> None:
    subscription = await _failing(shop, _FAILS)
    await _tried(shop, subscription, [31] * 8, "staff")
    await _tried(shop, subscription, [1] * 8, "new_card")  # the customer's own doing
    await a_charge(
        await shop.marketplace(),
        state="failed",
        initiator="staff",
        card_fingerprint="another",
        attempted_at=await shop.now(),
    )

    assert await shop.retry(subscription)


@pytest.mark.parametrize(
    ("days", "end", "state"),
    [([1, 2, 3], "cancel", "cancelled"), ([1, 10], "leave", "failed_charge"), ([1], "leave", "failed_charge")],
)
async def test_a_policy_of_other_days_is_kept_to(shop: Shop, days: list[int], end: str, state: str) -> None:
    await shop.set_policy(days, end)
    await _failing(shop, _FAILS)

    await _pass(shop, 20)

    assert [day for _, day in await _attempts()] == days
    assert await fetch_value("SELECT state FROM subscription") == state
    told = await fetch(
        "SELECT template, count(*) FROM outgoing_email WHERE template IN ('failed_charge',"
        " 'final_notice', 'subscription_cancelled') GROUP BY template ORDER BY template"
    )
    expected = [("failed_charge", len(days)), ("final_notice", 1)]
    assert [tuple(row) for row in told] == expected + ([("subscription_cancelled", 1)] if end == "cancel" else [])


async def test_the_link_of_a_savers_email_works_until_its_case_is_closed(shop: Shop) -> None:
    subscription = await _failing(shop, _FAILS)
    await _pass(shop, 4)  # two e-mails, two links
    links = await fetch("SELECT * FROM access_token WHERE dunning_case_id IS NOT NULL ORDER BY id")
    assert [link["subscription_id"] for link in links] == [subscription["id"]] * 2
    for link in links:
        assert (await find_usable_link(shop.id, "card_update", link_text(link)))["id"] == link["id"]

    assert await shop.cancel(subscription)

    for link in links:
        with pytest.raises(LinkUnusable):
            await find_usable_link(shop.id, "card_update", link_text(link))


async def test_a_card_saved_by_one_of_its_links_spends_them_all(shop: Shop) -> None:
    subscription = await _failing(shop, _FAILS)
    await _pass(shop, 4)

    await shop.replace_card(subscription, _FAILS)  # saved, and declined when it is charged
    states = await fetch("SELECT state FROM access_token WHERE dunning_case_id IS NOT NULL ORDER BY id")
    assert [row["state"] for row in states] == ["expired", "expired"]
    await shop.run_jobs()

    # The e-mail about that brings a link of its own.
    states = await fetch("SELECT state FROM access_token WHERE dunning_case_id IS NOT NULL ORDER BY id")
    assert [row["state"] for row in states] == ["expired", "expired", "issued"]


async def test_a_subscription_recovered_weeks_late_owes_what_fell_due_meanwhile_period_by_period(shop: Shop) -> None:
    await shop.set_policy([1, 15], "cancel")
    await shop.order("weekly", _PAYS)
    subscription = await fetch_row("SELECT * FROM subscription")
    assert subscription is not None
    await shop.replace_card(subscription, _FAILS)
    await _pass(shop, 17)  # the second week's payment failed ten days ago

    await shop.replace_card(subscription, _PAYS)
    await shop.run_jobs()

    paid = await fetch("SELECT period, count(*) FROM charge WHERE state = 'succeeded' GROUP BY period ORDER BY period")
    assert [tuple(row) for row in paid] == [(0, 1), (1, 1), (2, 1)]
    assert await fetch_value("SELECT next_charge_at - anchor_at FROM subscription") == 21 * _DAY


async def test_two_cases_of_one_card_due_at_the_same_instant_try_it_once(shop: Shop) -> None:
    """Each in a connection of its own: the card is locked while it is decided about."""
    for card in (_FAILS, _FAILS):
        await shop.order("monthly", _PAYS)
        subscription = await fetch_row("SELECT * FROM subscription ORDER BY number DESC LIMIT 1")
        assert subscription is not None
        await shop.replace_card(subscription, card)
    await _pass(shop, 29)
    await shop.let_pass(3 * _DAY)
    due = await fetch("SELECT marketplace_id, subscription_id FROM dunning_case WHERE state = 'open'")
    clock = await clock_of(shop.id)

    await asyncio.gather(*(step_due_case(row["marketplace_id"], row["subscription_id"], clock) for row in due * 4))

    assert len(due) == 2
    assert await fetch_value("SELECT count(*) FROM charge WHERE initiator = 'retry'") == 1
    waiting = await fetch("SELECT next_attempt_at FROM dunning_case WHERE next_attempt_at IS NOT NULL")
    assert [0.9 * _DAY < row["next_attempt_at"] - clock.by < 1.1 * _DAY for row in waiting] == [True]
