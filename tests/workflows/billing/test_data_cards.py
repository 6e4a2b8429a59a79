"""The data cards: what the moves leave, added up, is what counting would find."""

import asyncio
from datetime import timedelta

import pytest

from models.database import execute, fetch, fetch_value
from tests.factories import a_marketplace, a_subscription, an_open_case
from workflows.billing.subscriptions.data_cards import Revenue, data_cards, sum_up
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import DUNNING_CASE, SUBSCRIPTION
from workflows.runtime.clock import now

pytestmark = pytest.mark.usefixtures("database")
BY = Move(Actor("worker", "test"), "test")


async def test_a_new_marketplace_has_nothing_to_show() -> None:
    cards = await data_cards(await a_marketplace())

    assert (cards.active_now, cards.failed_charges, cards.recovered_revenue, cards.as_of) == (0, 0, [], None)


async def test_the_cards_follow_the_moves_and_say_as_of_when() -> None:
    shop, other = await a_marketplace(), await a_marketplace()
    failing = await a_subscription(shop)
    await a_subscription(shop, state="failed_charge")
    await a_subscription(shop, state="cancelled")
    await a_subscription(other)
    await sum_up()
    await fire(SUBSCRIPTION, shop.id, failing["id"], "charge_failed", BY)
    before = await data_cards(shop)
    await sum_up()
    after = await data_cards(shop)

    assert (before.active_now, before.failed_charges) == (1, 1)
    assert (after.active_now, after.failed_charges) == (0, 2)
    assert before.as_of is not None
    assert after.as_of is not None
    assert before.as_of < after.as_of <= now()
    assert (await data_cards(other)).active_now == 1


async def test_recovered_revenue_is_what_cases_brought_back_within_thirty_days_by_currency() -> None:
    shop = await a_marketplace()
    for amount, currency, days in ((1000, "USD", 0), (500, "USD", 29), (300, "EUR", 3), (9999, "USD", 31)):
        subscription = await a_subscription(shop, state="failed_charge")
        case = await an_open_case(subscription, amount_minor=amount, currency=currency)
        closed_at = now() - timedelta(days=days)
        await fire(DUNNING_CASE, shop.id, case["id"], "recover", BY, set_={"closed_at": closed_at})
    lost = await an_open_case(await a_subscription(shop, state="failed_charge"))
    await fire(DUNNING_CASE, shop.id, lost["id"], "exhaust", BY)
    await sum_up()

    assert (await data_cards(shop)).recovered_revenue == [
        Revenue(currency="EUR", amount_minor=300),
        Revenue(currency="USD", amount_minor=1500),
    ]


async def test_adding_up_while_others_move_loses_and_doubles_nothing() -> None:
    shop = await a_marketplace()
    subscriptions = [await a_subscription(shop) for _ in range(8)]

    async def fail_and_recover(number: int) -> None:
        for trigger in ("charge_failed", "recovered", "charge_failed"):
            await fire(SUBSCRIPTION, shop.id, subscriptions[number]["id"], trigger, BY)

    await asyncio.gather(*(fail_and_recover(n) for n in range(8)), *(sum_up() for _ in range(12)))
    await sum_up()

    counted = await fetch("SELECT state, count(*)::bigint AS count FROM subscription GROUP BY state ORDER BY state")
    kept = await fetch("SELECT name AS state, value AS count FROM tally WHERE value <> 0 ORDER BY name")
    assert [tuple(row) for row in kept] == [tuple(row) for row in counted] == [("failed_charge", 8)]
    assert await fetch_value("SELECT count(*) FROM tally_step") == 0


async def test_a_move_that_is_undone_leaves_no_step() -> None:
    shop = await a_marketplace()
    subscription = await a_subscription(shop)
    await execute("DELETE FROM tally_step")

    with pytest.raises(Exception, match="refused"):
        await fire(SUBSCRIPTION, shop.id, subscription["id"], "complete", BY)

    assert await fetch_value("SELECT count(*) FROM tally_step") == 0
