"""One sandbox marketplace and everything that people, time, jobs and the gateway can do to it, in this process.

Acts are the product's own workflows on the real database. Jobs are read from the outbox and taken out when they
succeeded, as a worker does; one that dies or is in doubt stays there. Nothing here judges.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.database import Record, execute, fetch, fetch_row, fetch_value, transaction
from tests.billing_model.watched_gateway import Crashed, WatchedGateway
from tests.factories import a_customer, a_marketplace, a_product
from workflows.access_tokens.one_time_links import issue_link, link_text
from workflows.billing.calendar.clock import clock_of
from workflows.billing.cards.replace_card import replace_card
from workflows.billing.charges.refunds import refund_charge, settle_refund
from workflows.billing.collection.confirm_payment import confirm_payment
from workflows.billing.collection.submit import charges_that_wait, settle_charge, submit_charge, withdraw_at_gateway
from workflows.billing.dunning.manual_retry import retry_now
from workflows.billing.gateway import CardDetails
from workflows.billing.gateway_events.apply import EventTooEarly, apply_gateway_event
from workflows.billing.gateway_events.events import DisputeLost, DisputeOpened, DisputeWon, GatewayEvent
from workflows.billing.gateway_events.keep import keep_event
from workflows.billing.orders import NewOrder, OrderCard, place_order
from workflows.billing.run.due_work import run_billing
from workflows.billing.subscriptions.cancel import cancel_by_staff
from workflows.engine.actor import Actor
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import InDoubt, WorkflowError

FIRST_DAY = datetime(2031, 1, 30, 12, tzinfo=UTC)  # months of 31, 28 and 30 days follow
STAFF, MERCHANT = Actor("staff", UUID(int=1)), Actor("api_key", UUID(int=2))
PRODUCTS: Mapping[str, Mapping[str, Any]] = {
    "monthly": {},
    "weekly": {"interval_unit": "week"},
    "every third day": {"interval_unit": "day", "interval_count": 3},
    "three payments": {"kind": "limited", "payments": 3, "interval_unit": "day", "interval_count": 2},
    "free trial": {"trial_days": 5},
    "paid trial": {"trial_days": 5, "initial_amount_minor": 100},
    "one-off": {"kind": "one_off"},
}
_PATIENCE = timedelta(minutes=6)  # more than a gateway is given to answer
_UNTIL_ASKED = timedelta(minutes=20)  # more than an event takes to come
_EXPIRES = 2055


class _NoLimits:
    """RateLimiter of a deployment that set its limits too high to meet."""

    async def hit(self, limit: str, amount: int, per_seconds: int, who: str) -> int:
        _ = limit, amount, per_seconds, who
        return 0


class Shop:
    """A marketplace with one customer and a product of each kind. Every act answers whether it was accepted."""

    def __init__(self, id_: UUID, customer: Record, products: Mapping[str, Record]) -> None:
        self.id = id_
        self.gateway = WatchedGateway()
        self._customer, self._products = customer, dict(products)

    @classmethod
    async def open(cls) -> "Shop":
        marketplace = await a_marketplace(clock_offset=FIRST_DAY - now(), email_button=False)
        products = {name: await a_product(marketplace, **columns) for name, columns in PRODUCTS.items()}
        return cls(marketplace.id, await a_customer(marketplace), products)

    async def marketplace(self) -> Marketplace:
        """As its row is now: the clock moves."""
        return await marketplace_by_id(self.id)

    async def now(self) -> datetime:
        return now() + await fetch_value("SELECT clock_offset FROM marketplace WHERE id = $1", self.id)

    # People

    async def offer(self, name: str, **columns: Any) -> None:
        """Sells one more product, by that name."""
        self._products[name] = await a_product(await self.marketplace(), **columns)

    async def order(self, product: str, number: str) -> bool:
        card = OrderCard(gateway="sandbox", number=number, exp_month=12, exp_year=_EXPIRES)
        new = NewOrder(customer=self._customer["number"], product=str(self._products[product]["id"]), card=card)
        return await _accepted(place_order(await self.marketplace(), new, self.gateway, MERCHANT))

    async def replace_card(self, subscription: Record, number: str) -> bool:
        marketplace = await self.marketplace()
        async with transaction():
            link_id = await issue_link(
                marketplace,
                purpose="card_update",
                customer_id=subscription["customer_id"],
                subscription_id=subscription["id"],
                by=STAFF,
                because="model",
            )
        link = await fetch_row("SELECT * FROM access_token WHERE marketplace_id = $1 AND id = $2", self.id, link_id)
        details = CardDetails(number=number, exp_month=12, exp_year=_EXPIRES)
        act = replace_card(marketplace, link_text(link), details, self.gateway, "192.0.2.1", _NoLimits())
        return await _accepted(act)

    async def confirm(self, subscription: Record) -> bool:
        marketplace, number = await self.marketplace(), subscription["number"]
        return await _accepted(
            confirm_payment(marketplace, subscription["customer_id"], number, self.gateway, "https://shop.example/")
        )

    async def cancel(self, subscription: Record) -> bool:
        return await _accepted(cancel_by_staff(await self.marketplace(), subscription["number"], STAFF))

    async def cancel_on(self, subscription: Record, at: datetime) -> None:
        await execute(
            "UPDATE subscription SET cancel_at = $3 WHERE marketplace_id = $1 AND id = $2 AND ended_at IS NULL",
            self.id,
            subscription["id"],
            at,
        )

    async def retry(self, subscription: Record) -> bool:
        return await _accepted(retry_now(await self.marketplace(), subscription["number"], STAFF))

    async def refund(self, charge: Record, amount_minor: int | None) -> bool:
        return await _accepted(refund_charge(await self.marketplace(), charge["id"], amount_minor, self.gateway, STAFF))

    async def refund_elsewhere(self, charge: Record, amount_minor: int) -> bool:
        return await _accepted(self.gateway.refund_elsewhere(charge["gateway_reference"], amount_minor))

    async def set_policy(self, days: list[int], end: str) -> None:
        policy = {"version": 2, "attempt_days": days, "end": end}
        await execute("UPDATE marketplace SET dunning_policy = $2 WHERE id = $1", self.id, policy)

    # Time

    async def next_day(self) -> None:
        """A day passes; what is due is made due, and left to the jobs."""
        await self.let_pass(timedelta(days=1))
        await self.bill()

    async def let_pass(self, time: timedelta) -> None:
        """Nobody looks what is due."""
        await execute("UPDATE marketplace SET clock_offset = clock_offset + $2 WHERE id = $1", self.id, time)

    async def bill(self) -> None:
        await run_billing(await clock_of(self.id))

    # Jobs

    async def jobs(self) -> list[Record]:
        return await fetch("SELECT * FROM outbox WHERE marketplace_id = $1 AND queue = 'charges' ORDER BY id", self.id)

    async def run_job(self, job: Record, *, forgotten: bool = False) -> bool:
        """Runs one job; answers whether it succeeded. `forgotten`: its end is not written down, so it runs again."""
        try:
            await self._work(job["actor"], UUID(job["args"]["id"]))
        except (InDoubt, Crashed, EventTooEarly):
            return False
        if not forgotten:
            await execute("DELETE FROM outbox WHERE id = $1", job["id"])
        return True

    async def run_jobs(self) -> None:
        """Once through what waits now and what follows from it, until nothing more succeeds."""
        while [done for job in await self.jobs() if (done := await self.run_job(job))]:
            await self.bill()

    async def listen(self) -> None:
        """Time passes, and the gateway is asked about the payments that wait for their customer, as every hour."""
        with frozen(now() + _UNTIL_ASKED):
            waiting = await charges_that_wait()
        for marketplace_id, charge_id in waiting:
            if marketplace_id == self.id:
                await settle_charge(self.id, charge_id, self.gateway)

    async def wait_for_answers(self) -> None:
        """More time passes than any answer takes."""
        await execute(
            "UPDATE charge SET submitted_at = submitted_at - $2::interval WHERE marketplace_id = $1"
            " AND state = 'pending' AND submitted_at IS NOT NULL",
            self.id,
            _PATIENCE,
        )

    async def _work(self, actor: str, id_: UUID) -> None:
        match actor:
            case "charge.submit":
                await submit_charge(self.id, id_, self.gateway)
            case "charge.settle":
                await settle_charge(self.id, id_, self.gateway)
            case "charge.withdraw":
                await withdraw_at_gateway(self.id, id_, self.gateway)
            case "refund.settle":
                await settle_refund(self.id, id_, self.gateway)
            case "gateway_event.apply":
                await apply_gateway_event(self.id, id_, self.gateway)
            case _:
                raise AssertionError(f"nobody told the model what {actor} does")

    # The gateway speaks

    async def deliver(self, event: GatewayEvent) -> bool:
        """The event is stored, and applied at once unless it comes too early: then its job stays, and so may Stripe."""
        await keep_event(await self.marketplace(), "sandbox", event)
        id_ = await fetch_value(
            "SELECT id FROM gateway_event WHERE marketplace_id = $1 AND event_id = $2", self.id, event.event_id
        )
        try:
            await apply_gateway_event(self.id, id_, self.gateway)
        except EventTooEarly:
            return False
        return True

    def dispute(self, charge: Record, kind: type[DisputeOpened | DisputeWon | DisputeLost]) -> None:
        self.gateway.tell(
            kind(
                event_id=self.gateway.next_id(),
                type="dispute",
                created_at=now(),
                gateway_reference=charge["gateway_reference"],
                dispute_reference=f"dp_{charge['id']}",
                amount_minor=charge["amount_minor"],
                currency=charge["currency"],
                reason="fraudulent",
            )
        )


async def _accepted(act: Any) -> bool:
    try:
        await act
    except (Crashed, WorkflowError):
        return False
    return True
