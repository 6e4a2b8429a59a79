"""Random lives of a shop: hypothesis chooses who does what when, and what dies. After every step the promises are
checked; when all that was under way has come to its end, everything must stand as expectations.py says."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from models.database import Record
from tests.billing_model.books import Books, read_books
from tests.billing_model.expectations import check_settled
from tests.billing_model.history import History
from tests.billing_model.promises import check_always
from tests.billing_model.shop import PRODUCTS, Shop
from tests.billing_model.watched_gateway import Fate
from workflows.billing.gateway_events.events import ChargeSettled, DisputeLost, DisputeOpened, DisputeWon, GatewayEvent

_SUBSCRIPTIONS = 5  # alive at once
_SETTLES_WITHIN = 30  # rounds
_CARDS = (
    "4242424242424242",  # pays
    "4000000000000341",  # generic_decline
    "9990000000000011",  # insufficient_funds
    "9990000000000037",  # stolen_card
    "9990000000000052",  # do_not_try_again
    "9990000000000060",  # processing_error
    "4000002500003155",  # wants its customer
    "4000008260003178",  # wants its customer, then declines
    "9990000000000102",  # its first charge never arrives
    "9990000000000110",  # pays and never says so
    "4000000000000002",  # cannot be saved
)
_DECLINES, _STOLEN, _CONFIRMED, _CONFIRMED_THEN_DECLINES = _CARDS[1], _CARDS[3], _CARDS[6], _CARDS[7]
_FIRST_CARDS = (  # of a shop's first two subscriptions: lives are short, and should not have to wait for trouble
    (_DECLINES, _DECLINES),
    (_CONFIRMED_THEN_DECLINES, _CARDS[2]),
    (_STOLEN, _CONFIRMED_THEN_DECLINES),
    (_CONFIRMED, _DECLINES),
)
_POLICIES = (([1, 4, 8, 15], "cancel"), ([1, 2], "leave"), ([1], "cancel"), ([1, 2, 3, 4, 5], "leave"))

some = st.integers(0, 99)  # which one: of as many as there are
fates = st.sampled_from([Fate.NONE, Fate.NONE, *Fate])
cards = st.sampled_from(_CARDS)


class ShopLife(RuleBasedStateMachine):
    """Each rule is one act. `loop` is the event loop on which the pool is open."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.shop = self._do(Shop.open())
        self.history = History()
        self.books: Books = self._do(read_books(self.shop))
        self.delivered: set[str] = set()

    def _do(self, act: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(act)

    def _in(self, *states: str) -> list[Record]:
        return [one for one in self.books.subscriptions if one["state"] in states]

    def _living(self) -> list[Record]:
        return self._in("active", "failed_charge")

    def _meets(self, fate: Fate) -> None:
        self.shop.gateway.fate = fate

    @initialize(cards=st.sampled_from(_FIRST_CARDS))
    def open_with_customers(self, cards: tuple[str, str]) -> None:
        for product in ("weekly", "every third day", "three payments"):
            self._do(self.shop.order(product, _CARDS[0]))
        self._look()
        for subscription, card in zip(self.books.subscriptions, cards, strict=False):  # the third one goes on paying
            self._do(self.shop.replace_card(subscription, card))

    # People

    @precondition(lambda self: len(self._living()) < _SUBSCRIPTIONS)
    @rule(product=st.sampled_from(sorted(PRODUCTS)), card=cards, fate=fates)
    def orders(self, product: str, card: str, fate: Fate) -> None:
        self._meets(fate)
        self._do(self.shop.order(product, card))

    @precondition(lambda self: self._living())
    @rule(which=some, card=cards)
    def replaces_the_card(self, which: int, card: str) -> None:
        subscription = self._living()[which % len(self._living())]
        if self._do(self.shop.replace_card(subscription, card)):
            self._overtaken(subscription)

    @precondition(lambda self: any(charge["state"] == "action_required" for charge in self.books.charges))
    @rule(which=some, fate=fates)
    def confirms(self, which: int, fate: Fate) -> None:
        waiting = [one["subscription_id"] for one in self.books.charges if one["state"] == "action_required"]
        self._meets(fate)
        for subscription in self.books.subscriptions:
            if subscription["id"] == waiting[which % len(waiting)]:
                self._do(self.shop.confirm(subscription))

    @precondition(lambda self: len(self._living()) > _SUBSCRIPTIONS // 2)
    @rule(which=some)
    def cancels(self, which: int) -> None:
        subscription = self._living()[which % len(self._living())]
        if self._do(self.shop.cancel(subscription)):
            self._is_cancelled(subscription)

    @precondition(lambda self: len(self._in("failed_charge")) > 1)
    @rule(which=some)
    def cancels_what_fails(self, which: int) -> None:
        subscription = self._in("failed_charge")[which % len(self._in("failed_charge"))]
        if self._do(self.shop.cancel(subscription)):
            self._is_cancelled(subscription)

    @precondition(lambda self: len(self._living()) > _SUBSCRIPTIONS // 2)
    @rule(which=some, days=st.integers(1, 20))
    def is_to_end_on_a_date(self, which: int, days: int) -> None:
        subscription = self._living()[which % len(self._living())]
        at = self.books.now + timedelta(days=days)
        self._do(self.shop.cancel_on(subscription, at))
        self.history.cancel_on[subscription["id"]] = at

    @precondition(lambda self: self._in("failed_charge"))
    @rule(which=some, times=st.sampled_from([1, 1, 3]), fate=fates)
    def staff_retry(self, which: int, times: int, fate: Fate) -> None:
        failed = self._in("failed_charge")
        for _ in range(times):
            self._do(self.shop.retry(failed[which % len(failed)]))
            self._meets(fate)
            for job in self._do(self.shop.jobs())[-1:]:
                self._do(self.shop.run_job(job))

    @precondition(lambda self: self._paid())
    @rule(which=some, share=st.sampled_from([None, None, 1, 2, 3]), fate=fates)
    def staff_refund(self, which: int, share: int | None, fate: Fate) -> None:
        charge = self._paid()[which % len(self._paid())]
        self._meets(fate)
        self._do(self.shop.refund(charge, None if share is None else charge["amount_minor"] // share))

    @precondition(lambda self: self._paid())
    @rule(which=some, share=st.sampled_from([1, 2, 5]))
    def is_refunded_at_the_gateway(self, which: int, share: int) -> None:
        charge = self._paid()[which % len(self._paid())]
        self._do(self.shop.refund_elsewhere(charge, charge["amount_minor"] // share))

    @precondition(lambda self: self._paid())
    @rule(which=some, kind=st.sampled_from([DisputeOpened, DisputeWon, DisputeLost]))
    def is_disputed(self, which: int, kind: type[DisputeOpened | DisputeWon | DisputeLost]) -> None:
        self.shop.dispute(self._paid()[which % len(self._paid())], kind)

    @rule(policy=st.sampled_from(_POLICIES))
    def the_policy_changes(self, policy: tuple[list[int], str]) -> None:
        self._do(self.shop.set_policy(*policy))

    # Time, jobs, the gateway

    @rule(days=st.sampled_from([3, 7, 7, 14]))
    def weeks_pass(self, days: int) -> None:
        self._days_pass(days, Fate.NONE)

    @rule(days=st.sampled_from([1, 1, 2, 3, 4]), fate=fates)
    def days_pass(self, days: int, fate: Fate) -> None:
        self._days_pass(days, fate)

    def _days_pass(self, days: int, fate: Fate) -> None:
        self._meets(fate)
        for _ in range(days):
            self._next_day()
            self._do(self.shop.run_jobs())

    @rule(days=st.sampled_from([1, 3, 8]))
    def days_pass_while_the_workers_are_down(self, days: int) -> None:
        for _ in range(days):
            self._next_day()

    @rule(which=some, fate=fates, forgotten=st.booleans())
    def a_job_runs(self, which: int, fate: Fate, *, forgotten: bool) -> None:
        if jobs := self._do(self.shop.jobs()):
            self._meets(fate)
            self._do(self.shop.run_job(jobs[which % len(jobs)], forgotten=forgotten))

    @precondition(lambda self: self.shop.gateway.events)
    @rule(which=some, times=st.integers(1, 2))
    def a_webhook_comes_late_or_again(self, which: int, times: int) -> None:
        event = self.shop.gateway.events[-1 - which % len(self.shop.gateway.events)]
        for _ in range(times):
            if self._do(self.shop.deliver(event)):
                self.delivered.add(event.event_id)

    @precondition(lambda self: self._undelivered())
    @rule(which=some)
    def a_webhook_is_lost(self, which: int) -> None:
        """Of a payment: what becomes of it is asked. Of refunds and disputes we would never know."""
        self.delivered.add(self._undelivered()[which % len(self._undelivered())].event_id)

    @rule()
    def the_gateway_is_asked(self) -> None:
        self._do(self.shop.listen())

    @rule()
    def everything_comes_to_its_end(self) -> None:
        self._settle()

    # What must be true

    @invariant()
    def promises_are_kept(self) -> None:
        type(self).steps += 1
        self._meets(Fate.NONE)
        self._look()
        check_always(self.books, self.history)

    def teardown(self) -> None:
        self._settle()

    def _settle(self) -> None:
        self._meets(Fate.NONE)
        for _ in range(_SETTLES_WITHIN):
            self._do(self.shop.wait_for_answers())
            self._do(self.shop.bill())
            self._do(self.shop.run_jobs())
            self._do(self.shop.listen())
            if not self._deliver_the_rest() and not self._jobs_to_be_done():
                break
        else:
            raise AssertionError(f"never done: {self._jobs_to_be_done()}")
        self._look()
        check_always(self.books, self.history)
        check_settled(self.books, self.history)

    def _jobs_to_be_done(self) -> list[Record]:
        """All but those of events that wait for another one, which may never come: a dispute's end for its opening."""
        return [job for job in self._do(self.shop.jobs()) if job["actor"] != "gateway_event.apply"]

    def _look(self) -> None:
        """Reads the books; remembers which attempts that waited for their customer have failed since the last time."""
        waited = {one["id"] for one in self.books.charges if one["state"] == "action_required"}
        self.books = self._do(read_books(self.shop))
        failed = [one["id"] for one in self.books.charges if one["state"] == "failed" and one["id"] in waited]
        self.history.declined_at.update(dict.fromkeys(failed, self.books.now))

    def _undelivered(self) -> list[GatewayEvent]:
        """What the gateway has to tell of payments and has not told."""
        events = self.shop.gateway.events
        return [one for one in events if isinstance(one, ChargeSettled) and one.event_id not in self.delivered]

    def _deliver_the_rest(self) -> int:
        """Delivers what was never delivered; answers how much of it came in time."""
        late = [event for event in self.shop.gateway.events if event.event_id not in self.delivered]
        came = [event.event_id for event in late if self._do(self.shop.deliver(event))]
        self.delivered.update(came)
        return len(came)

    # What people remember

    def _paid(self) -> list[Record]:
        return [one for one in self.books.charges if one["taken"] == "succeeded" and one["gateway_reference"]]

    def _next_day(self) -> None:
        books: Books | None = self._do(read_books(self.shop)) if self.history.cancel_on else None
        self._do(self.shop.next_day())
        at = self._do(self.shop.now())
        for subscription in books.subscriptions if books else ():
            ends = self.history.cancel_on.get(subscription["id"])
            if ends is not None and subscription["ended_at"] is None and ends <= at:
                self._is_cancelled(subscription)
                del self.history.cancel_on[subscription["id"]]

    def _is_cancelled(self, subscription: Record) -> None:
        self.history.cancelled.add(subscription["id"])
        self._overtaken(subscription)

    def _overtaken(self, subscription: Record) -> None:
        books: Books = self._do(read_books(self.shop))
        on_the_way = [one["id"] for one in books.charges_of[subscription["id"]] if one["state"] == "pending"]
        self.history.overtaken.update(on_the_way)
