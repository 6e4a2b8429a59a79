"""A strict stand-in for Stripe on 127.0.0.1, in a thread of this process; other processes may call it too.

>>> with FakeStripe() as fake:
...     gateway = StripeGateway(fake.secret_key, fake.url, [fake.webhook_secret])
...     card = fake.books.add_card(fake.books.add_customer())
...     fake.script(card, Decline("insufficient_funds"), "succeed")
...     fake.order(Fault.HANG_AFTER, first_of_key=True, times=None)

`books` holds what came of it: `books.charged` counts by Gatehouse's key how often money moved, `books.events` is what
webhooks.Pump delivers. It refuses every endpoint and parameter that it does not know. Never tried against Stripe.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from tests.fakes.stripe import forms, setups
from tests.fakes.stripe.books import Books, snapshot
from tests.fakes.stripe.cards import Step
from tests.fakes.stripe.errors import BROKEN, NO_KEY, Json, Refusal, invalid
from tests.fakes.stripe.faults import DONE, Fault, Order, answered
from tests.fakes.stripe.http import HttpServer, Line, Reply, Request
from tests.fakes.stripe.keys import Keys
from tests.fakes.stripe.pages import page
from tests.fakes.stripe.payments import Payments
from tests.fakes.stripe.routes import ROUTES, Route


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it was answered; status 0: not at all."""

    method: str
    path: str
    key: str | None
    given: Json
    status: int
    replayed: bool


class FakeStripe:
    """Serves while entered. Settings: `latency` of every answer, `hangs_for` before it hangs up, `search_lag`."""

    def __init__(self) -> None:
        self.secret_key, self.webhook_secret = "sk_test_fake", "whsec_fake"
        self.books = Books()
        self.payments = Payments(self.books)
        self.latency = timedelta()
        self.hangs_for = timedelta(seconds=30)
        self.search_lag = timedelta(seconds=60)
        self.calls: list[Call] = []
        self.met: Counter[Fault] = Counter()
        self.in_flight = 0
        self.cut_in_flight = 0  # clients that went away (or were killed) while they waited
        self._orders: list[Order] = []
        self._keys = Keys()
        self._server = HttpServer(self._answer)

    def __enter__(self) -> Self:
        self._server.start()
        self.payments.base = self._server.url
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """For STRIPE_API_BASE."""
        return self._server.url

    @property
    def charges(self) -> list[Json]:
        """Payments in which money moved, oldest first."""
        return [one for one in reversed(self.books.all("payment_intent")) if one["status"] == "succeeded"]

    def forget(self) -> None:
        """An empty account again, as behaved as a new one."""
        with self.books.lock:
            self.books, self._keys = Books(), Keys()
            self.payments = Payments(self.books, self._server.url)
            self.calls, self.met, self._orders = [], Counter(), []

    def script(self, card: str, *steps: Step) -> None:
        """What the next charges of a card meet, before what its number means."""
        with self.books.lock:
            self.books.meanings[card].steps.extend(steps)

    def order(
        self,
        fault: Fault,
        method: str = "POST",
        path: str = "/v1/payment_intents",
        *,
        times: int | None = 1,
        first_of_key: bool = False,
    ) -> None:
        """The next `times` such requests (None: all) meet the fault; `first_of_key`: once for each idempotency key."""
        with self.books.lock:
            self._orders.append(Order(fault, method, path, times, first_of_key))

    def behave(self) -> None:
        """No more faults."""
        with self.books.lock:
            self._orders.clear()

    def complete_setup(
        self, reference: str, number: str = "4242424242424242", exp: tuple[int, int] = (12, 2034)
    ) -> str:
        """The customer fills in a card form; the new card's id. Raises setups.CardNotSaved."""
        return setups.complete(self.books, reference, number, exp)

    def detach(self, card: str) -> None:
        """The card is removed at the gateway."""
        with self.books.lock:
            setups.detach(self.books, card)

    async def _answer(self, request: Request, line: Line) -> Reply | None:
        if request.path.startswith("/fake/"):
            return page(self, request)
        self.in_flight += 1
        try:
            return await self._served(request, line)
        finally:
            self.in_flight -= 1

    async def _served(self, request: Request, line: Line) -> Reply | None:
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        given: Json = {}
        status, body, replayed, fault = 0, {}, False, None
        try:
            route, reference, given = self._understood(request)
            with self.books.lock:
                fault = next((one.fault for one in self._orders if one.meets(request)), None)
                if fault is not None:
                    self.met[fault] += 1
                stored = self._keys.begin(key, request.path, given, self.books.now()) if key else None
            if stored is None:
                status, body = await self._done(route, reference, given, key, fault, line)
            else:
                (status, body), replayed = stored, True
                await self._wait(line)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        if fault is Fault.HANG_AFTER:
            await self._hang(line)
        headers = {"Request-Id": f"req_{len(self.calls)}"} | ({"Idempotent-Replayed": "true"} if replayed else {})
        reply = answered(fault, status, body, headers)
        self.calls.append(Call(request.method, request.path, key, given, reply.status if reply else 0, replayed))
        return reply

    def _understood(self, request: Request) -> tuple[Route, str, Json]:
        if request.headers.get("authorization") != f"Bearer {self.secret_key}":
            raise NO_KEY
        if "stripe-version" not in request.headers:
            raise invalid("This fake wants to know the version.", param="Stripe-Version")
        for route in ROUTES:
            reference = route.match(request.method, request.path)
            if reference is not None:
                break
        else:
            raise invalid(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
        if request.method == "POST" and request.headers.get("content-type") != "application/x-www-form-urlencoded":
            raise invalid("Parameters are form-encoded.")
        text = request.body.decode() if request.method == "POST" else request.query
        return route, reference, forms.take(forms.parse(text), route.required, route.optional)

    async def _done(
        self, route: Route, reference: str, given: Json, key: str | None, fault: Fault | None, line: Line
    ) -> tuple[int, Json]:
        """Does it, unless the fault comes first; keeps what its key is to answer from now on."""
        if fault is Fault.HANG_BEFORE:
            await self._hang(line)
        else:
            await self._wait(line)
        with self.books.lock:
            kept = False
            try:
                if fault is Fault.ERROR_500:
                    raise BROKEN
                if fault is None or fault in DONE:
                    body = snapshot(route.act(self, reference, given))
                    kept = True
                    if fault is Fault.ERROR_500_AFTER:
                        raise BROKEN
                    status = 200
                else:
                    status, body = 0, {}
            except Refusal as refusal:
                status, body, kept = refusal.status, refusal.body, refusal.kept
            if key and kept:
                self._keys.keep(key, status, body)
            elif key:
                self._keys.forget(key)
        return status, body

    async def _hang(self, line: Line) -> None:
        if await line.hold(self.hangs_for.total_seconds()):
            self.cut_in_flight += 1

    async def _wait(self, line: Line) -> None:
        """What Stripe takes for it, whether or not the client has gone meanwhile."""
        seconds = self.latency.total_seconds()
        if seconds and await line.hold(seconds):
            self.cut_in_flight += 1
