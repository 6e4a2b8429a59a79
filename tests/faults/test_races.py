"""Acts that meet on real connections, 300 times each: whoever is first, what is promised of charges holds afterwards.

A head start is a number of round trips to the database, drawn by a seed; each test also shows that both orders came up.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.database import Record, close_pool, fetch, fetch_row, fetch_value, open_pool
from tests.billing_model.books import read_books
from tests.billing_model.history import History
from tests.billing_model.promises import check_always
from tests.billing_model.shop import Shop
from tests.billing_model.watched_gateway import WatchedGateway
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_payment_method, a_product, a_subscription
from workflows.billing.collection.submit import submit_charge
from workflows.billing.gateway import CardDetails, ChargeRequest, Outcome
from workflows.billing.gateway_events.events import GatewayEvent
from workflows.runtime.clock import now

ROUNDS = 300
SEED = int(os.environ.get("FAULT_SEED", "20261122"))
_PAYS, _FAILS, _WANTS_CUSTOMER = "4242424242424242", "4000000000000341", "4000002500003155"
_FARTHEST_START = 25  # round trips: about as long as the longest of these acts takes


@pytest.fixture(autouse=True)
async def connections(fresh_database: FreshDatabase) -> AsyncIterator[None]:
    """One database for all rounds of a test; each round has a marketplace of its own, whose books are read whole."""
    await open_pool(fresh_database.app_url, min_size=8, max_size=16)
    yield
    await close_pool()


class RacingGateway(WatchedGateway):
    """A cancellation may commit while a charge is on its way here: that one was submitted before (PRODUCT.md 2.3)."""

    async def comes_too_late(self, idempotency_key: str) -> bool:
        return await fetch_value(
            "SELECT EXISTS (SELECT FROM charge JOIN subscription ON"
            " subscription.marketplace_id = charge.marketplace_id AND subscription.id = charge.subscription_id"
            " WHERE charge.idempotency_key = $1 AND subscription.state = 'cancelled'"
            " AND (charge.submitted_at < subscription.moved_at) IS NOT TRUE)",
            idempotency_key,
        )


class Race:
    """Sets acts off at once, one of them with a head start."""

    def __init__(self) -> None:
        self._chance = random.Random(SEED)

    async def run(self, *acts: Awaitable[Any]) -> None:
        await asyncio.gather(*(self._after(self._chance.randint(0, _FARTHEST_START), act) for act in acts))

    async def _after(self, round_trips: int, act: Awaitable[Any]) -> None:
        for _ in range(round_trips):
            await fetch_value("SELECT 1")
        await act


async def _subscribed(shop: Shop, number: str) -> Record:
    """A subscription whose charge is due; each has a customer and a card of its own, of that number."""
    marketplace, at = await shop.marketplace(), await shop.now()
    card = await shop.gateway.take_card(CardDetails(number=number, exp_month=12, exp_year=now().year + 3))
    customer = await a_customer(marketplace)
    method = await a_payment_method(marketplace, customer, reference=card.reference, fingerprint=card.reference)
    due = at - timedelta(seconds=1)
    dates: dict[str, Any] = {"started_at": due, "anchor_at": due, "next_charge_at": due}
    return await a_subscription(
        marketplace,
        customer=customer,
        product=await a_product(marketplace),
        payment_method=method,
        payments_made=0,
        next_period=0,
        **dates,
    )


async def _charge_of(subscription: Record) -> Record:
    row = await fetch_row(
        "SELECT * FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 ORDER BY attempted_at DESC, id DESC",
        subscription["marketplace_id"],
        subscription["id"],
    )
    assert row is not None
    return row


async def _bill_and_charge(shop: Shop) -> None:
    """What the clock's job and then a worker do."""
    await shop.bill()
    await shop.run_jobs()


async def _check(shop: Shop, *overtaken: UUID) -> None:
    check_always(await read_books(shop), History(overtaken=set(overtaken)))


async def test_a_cancellation_races_a_renewal() -> None:
    race, ends = Race(), Counter[str]()
    for _ in range(ROUNDS):
        shop = await Shop.open()
        shop.gateway = RacingGateway()
        subscription = await _subscribed(shop, _PAYS)

        await race.run(shop.cancel(subscription), _bill_and_charge(shop))
        await shop.run_jobs()

        after = await fetch_row("SELECT state, moved_at FROM subscription WHERE id = $1", subscription["id"])
        assert after is not None
        assert after["state"] == "cancelled"
        ends[await _how_it_ended(subscription, after)] += 1
        await _check(shop)
    print(ends)
    assert set(ends) == {"never begun", "withdrawn", "settled"}, ends


async def _how_it_ended(subscription: Record, cancelled: Record) -> str:
    charges = await fetch("SELECT * FROM charge WHERE subscription_id = $1", subscription["id"])
    if not charges:
        return "never begun"
    (charge,) = charges
    paid = await fetch_value(
        "SELECT count(*) FROM sandbox_payment WHERE idempotency_key = $1", charge["idempotency_key"]
    )
    if charge["submitted_at"] is None:
        assert (charge["state"], paid) == ("failed", 0), charge
        return "withdrawn"
    assert (charge["state"], paid) == ("succeeded", 1), charge
    assert charge["submitted_at"] < cancelled["moved_at"], "submitted after the cancellation had committed"
    return "settled"


async def test_a_refund_races_a_refund() -> None:
    race, given_back = Race(), Counter[tuple[int, ...]]()
    for _ in range(ROUNDS):
        shop = await Shop.open()
        subscription = await _subscribed(shop, _PAYS)
        await _bill_and_charge(shop)
        charge = await _charge_of(subscription)

        await race.run(shop.refund(charge, 1200), shop.refund(charge, 900), shop.refund(charge, None))
        await shop.run_jobs()

        given = await fetch("SELECT amount_minor, status FROM refund WHERE charge_id = $1", charge["id"])
        total = sum(row["amount_minor"] for row in given)
        assert {row["status"] for row in given} == {"succeeded"}
        assert total <= charge["amount_minor"], given
        after = await _charge_of(subscription)
        assert after["refunded_minor"] == total
        given_back[tuple(sorted(row["amount_minor"] for row in given))] += 1
        await _check(shop)
    print(given_back)
    assert set(given_back) >= {(1999,), (799, 1200), (900, 1099)}, given_back


async def test_a_new_card_races_a_retry() -> None:
    race, ways = Race(), Counter[tuple[str, ...]]()
    for _ in range(ROUNDS):
        shop = await Shop.open()
        subscription = await _subscribed(shop, _FAILS)
        await _bill_and_charge(shop)
        await shop.let_pass(timedelta(days=3))

        await race.run(shop.replace_card(subscription, _PAYS), _bill_and_charge(shop))
        await _bill_and_charge(shop)

        charges = await fetch(
            "SELECT * FROM charge WHERE subscription_id = $1 ORDER BY attempted_at, id", subscription["id"]
        )
        assert sum(one["state"] == "succeeded" for one in charges) == 1, charges
        assert await fetch_value("SELECT state FROM subscription WHERE id = $1", subscription["id"]) == "active"
        ways[tuple(one["initiator"] if one["submitted_at"] else "withdrawn" for one in charges)] += 1
        await _check(shop, *(one["id"] for one in charges if one["initiator"] == "retry"))
    print(ways)
    assert len(ways) > 1, ways


class HastyGateway(WatchedGateway):
    """Its webhooks, each of them twice, are at the door while the answer is still on its way."""

    def __init__(self, shop: Shop, race: Race) -> None:
        super().__init__()
        self._shop, self._race = shop, race
        self.arriving: list[asyncio.Task[Any]] = []

    def tell(self, event: GatewayEvent) -> None:
        super().tell(event)
        twice = self._race.run(self._shop.deliver(event), self._shop.deliver(event))
        self.arriving.append(asyncio.create_task(twice))

    async def charge(self, request: ChargeRequest) -> Outcome:
        outcome = await super().charge(request)
        await self._race.run(_nothing())
        return outcome

    async def refund(self, gateway_reference: str, amount_minor: int, idempotency_key: str) -> None:
        await super().refund(gateway_reference, amount_minor, idempotency_key)
        await self._race.run(_nothing())


async def _nothing() -> None: ...


async def test_a_webhook_races_the_synchronous_answer() -> None:
    race = Race()
    for number in range(ROUNDS):
        shop = await Shop.open()
        shop.gateway = gateway = HastyGateway(shop, race)
        subscription = await _subscribed(shop, (_PAYS, _FAILS, _WANTS_CUSTOMER)[number % 3])
        await shop.bill()
        charge = await _charge_of(subscription)

        await submit_charge(shop.id, charge["id"], gateway)
        if number % 3 == 0:
            await shop.refund(await _charge_of(subscription), 700)
        await asyncio.gather(*gateway.arriving)
        gateway.arriving.clear()
        await shop.run_jobs()

        after = await _charge_of(subscription)
        assert after["state"] == ("partially_refunded", "failed", "action_required")[number % 3], after
        assert after["refunded_minor"] == (700 if number % 3 == 0 else 0), after
        await _check(shop)
    assert await fetch_value("SELECT count(*) FROM gateway_event") == ROUNDS + ROUNDS // 3
