"""What is promised of money: each renewal is charged once, whatever dies in between.

300 renewals fall due while worker and dispatcher are killed 50 times (SIGKILL, at a random instant of their first half
second or at a named point in the code) and Valkey is flushed twice. Stripe's stand-in takes each one's money and hangs.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import redis

from models.database import execute, fetch, fetch_value
from tests.factories import a_customer, a_marketplace, a_payment_method, a_product, a_subscription
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.faults.doomed_worker import LEASE
from tests.faults.fault_points import CHARGE_POINTS, DISPATCHER_POINTS
from tests.faults.lives import Nursery, nursery
from tests.tasks.processes import until
from workflows.engine.outbox import stage
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

RENEWALS, KILLS, FLUSHES = 300, 50, 2
LONGEST_LIFE = 0.5  # seconds after it reports ready; a named point may come sooner
SEED = int(os.environ.get("FAULT_SEED", "20261122"))
_DONE_WITHIN = 90  # seconds, for what the killed left over


class Story:
    """One run of it: what fell due and who died."""

    def __init__(self, marketplace: Marketplace, births: Nursery, valkey: redis.Redis) -> None:
        self.marketplace, self.births, self.valkey = marketplace, births, valkey
        self.killed: dict[str, list[int]] = {"worker": [], "dispatcher": []}
        self.due = self.flushed = 0
        self.chance = random.Random(SEED)

    async def fall_due(self, count: int) -> None:
        """So many more subscriptions are due, and the clock looks at what is due."""
        first, self.due = self.due, min(self.due + count, RENEWALS)
        await execute(
            "UPDATE subscription SET next_charge_at = now() WHERE marketplace_id = $1 AND number > $2 AND number <= $3",
            self.marketplace.id,
            first,
            self.due,
        )
        await stage("billing.run", self.marketplace.id)

    async def kill_again_and_again(self, kind: str, points: tuple[str, ...]) -> None:
        for number in range(KILLS // 2):
            await self.fall_due(2 * RENEWALS // KILLS)  # the later half of the lives is spent on what is left over
            at_point = number % 2 == 1
            point = points[number // 2 % len(points)] if at_point else ""
            pid = await self.births.start(kind, point, self.chance.randint(1, 4))
            await self._end(pid, self.chance.uniform(0, LONGEST_LIFE), at_point=at_point)
            self.killed[kind].append(pid)
            if sum(map(len, self.killed.values())) % (KILLS // FLUSHES) == 0:
                await asyncio.to_thread(self.valkey.flushall)
                self.flushed += 1

    async def _end(self, pid: int, life: float, *, at_point: bool) -> None:
        try:
            await self.births.see_dead(pid, within=4 * LONGEST_LIFE if at_point else life)
        except TimeoutError:
            await self.births.kill(pid)

    async def let_the_rest_be_done(self) -> None:
        await self.births.start("worker")
        await self.births.start("dispatcher")
        await stage("billing.run", self.marketplace.id)  # the next minute's
        await until(_all_charged, within=_DONE_WITHIN)


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        fake.order(Fault.HANG_AFTER, first_of_key=True, times=None)
        yield fake


@pytest.fixture
async def story(database: object, valkey_url: str, tmp_path: Path, stripe: FakeStripe) -> AsyncIterator[Story]:
    marketplace = await a_marketplace(gateway="stripe", sandbox=False)
    product = await a_product(marketplace)
    for _ in range(RENEWALS):
        reference = stripe.books.add_customer()
        card = stripe.books.add_card(reference)
        customer = await a_customer(marketplace, gateway_reference=reference)
        method = await a_payment_method(marketplace, customer, reference=card, fingerprint=card, gateway="stripe")
        await a_subscription(
            marketplace,
            customer=customer,
            product=product,
            payment_method=method,
            next_charge_at=now() + timedelta(days=1),
        )
    variables = {
        "STRIPE_SECRET_KEY": stripe.secret_key,
        "STRIPE_API_BASE": stripe.url,
        "DOOMED_QUEUES": "charges",  # receipts and invoices wait: they are other tests' business
    }
    with nursery(tmp_path, variables) as births:
        yield Story(marketplace, births, redis.Redis.from_url(valkey_url))


async def test_every_renewal_is_charged_once_whatever_is_killed(story: Story, stripe: FakeStripe) -> None:
    await asyncio.gather(
        story.kill_again_and_again("worker", CHARGE_POINTS),
        story.kill_again_and_again("dispatcher", DISPATCHER_POINTS),
    )
    await story.let_the_rest_be_done()

    assert len(stripe.charges) == RENEWALS
    assert stripe.books.charged == await _one_for_each_charge_of_ours()
    await assert_our_books_say_the_same(story.marketplace.id)
    assert story.births.journal.runs_side_by_side(LEASE / 2) == []
    assert_the_kills_hit_calls_in_flight(story, stripe)
    assert story.flushed == FLUSHES


async def _all_charged() -> bool:
    return await fetch_value(
        "SELECT NOT EXISTS (SELECT FROM outbox WHERE actor <> 'billing.run' AND queue = 'charges' AND status <> 'dead')"
        " AND NOT EXISTS (SELECT FROM subscription WHERE next_charge_at <= now())"
    )


async def _one_for_each_charge_of_ours() -> Counter[str]:
    return Counter({row["idempotency_key"]: 1 for row in await fetch("SELECT idempotency_key FROM charge")})


async def assert_our_books_say_the_same(marketplace_id: UUID) -> None:
    """Each subscription was charged for its one period, has its invoice, its receipt and its next date."""
    of = "marketplace_id = $1"
    charges = await fetch(f"SELECT subscription_id, period, state FROM charge WHERE {of}", marketplace_id)
    assert Counter(row["state"] for row in charges) == {"succeeded": RENEWALS}
    assert len({row["subscription_id"] for row in charges}) == RENEWALS
    for table in ("invoice", "outgoing_email"):
        assert await fetch_value(f"SELECT count(*) FROM {table} WHERE {of}", marketplace_id) == RENEWALS
    renewed = f"SELECT count(*) FROM subscription WHERE {of} AND state = 'active' AND payments_made = 2"
    assert await fetch_value(f"{renewed} AND next_charge_at > now()", marketplace_id) == RENEWALS
    # The clock's own job is not tried for long: its next tick comes anyway.
    assert await fetch_value("SELECT count(*) FROM outbox WHERE status = 'dead' AND actor <> 'billing.run'") == 0


def assert_the_kills_hit_calls_in_flight(story: Story, stripe: FakeStripe) -> None:
    journal = story.births.journal
    workers, dispatchers = story.killed["worker"], story.killed["dispatcher"]
    assert len(workers) + len(dispatchers) == KILLS
    in_flight = [len(journal.calls_in_flight(pid)) for pid in workers]
    mid_batch = [journal.cut_off_batches(pid) for pid in dispatchers]
    at_points = Counter(journal.deaths_at_points())
    print(f"charges in flight at each worker's death: {in_flight}; at the fake: {stripe.cut_in_flight} cut")
    print(f"dispatchers killed in mid-batch: {sum(map(bool, mid_batch))} of {len(mid_batch)}; at points: {at_points}")
    assert sum(map(bool, in_flight)) >= len(workers) // 5, in_flight
    assert stripe.cut_in_flight >= sum(in_flight) // 2, "what was cut off at our end was cut off at theirs"
    assert set(at_points) >= {"job.started", "rows.claimed"}, at_points
    assert set(at_points) & {"charge.before_call", "charge.after_call"}, at_points
