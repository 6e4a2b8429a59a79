"""A strict stand-in for Mailjet on 127.0.0.1, in a thread of this process; other processes may call it too.

>>> with FakeMailjet() as fake:
...     mailer = MailjetMailer(fake.api_key, fake.secret_key, fake.sender, fake.url)
...     fake.order(Fault.HANG_AFTER, first_of_id=True, times=None)

`taken` has every message that it accepted, by CustomID in `copies`. Its look-ups know of one `look_up_lag` after that.
It refuses properties that it does not know, and leaves out filters that it does not know, as Mailjet does. Never tried
against Mailjet itself.
"""

import asyncio
import json
import random
import ssl
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from tests.fakes.mailjet.faults import HANGS, TAKEN, Fault, Order, answered
from tests.fakes.mailjet.messages import Json, Taken, error, problems, refused
from tests.fakes.stripe.http import HttpServer, Line, Reply, Request

_FIRST_ID = 1_152_921_504_606_846_977  # beyond what a float can tell from its neighbour
_MOST_AT_ONCE = 50
_A_MOMENT = 0.001  # seconds: enough to see that somebody has hung up


class FakeMailjet:
    """Serves while entered. Settings: `latency` of every call before it is acted on, `look_up_lag`, `hangs_for`
    before it hangs up, and `hang_share` of the sends, by `chance`, that are accepted and never answered."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.api_key, self.secret_key, self.sender = "fake-key", "fake-secret", "portal@gatehouse.example"
        self.senders = {self.sender}
        self.latency = self.look_up_lag = timedelta()
        self.hangs_for = timedelta(seconds=30)
        self.hang_share, self.chance = 0.0, random.Random(1)
        self.taken: list[Taken] = []
        self.calls: list[tuple[str, str]] = []  # method and path of every request that came
        self.met: Counter[Fault] = Counter()
        self.cut_in_flight = 0  # senders that went away (or were killed) while they waited
        self.when_taken: Callable[[Taken], None] = lambda _: None
        self._orders: list[Order] = []
        self._lock = threading.RLock()
        self._server = HttpServer(self._answer, tls)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """For MAILJET_API_BASE."""
        return self._server.url

    @property
    def copies(self) -> Counter[str]:
        """By CustomID: how often a message was accepted."""
        with self._lock:
            return Counter(one.custom_id for one in self.taken)

    @property
    def sends(self) -> int:
        """How many POSTs came."""
        return sum(method == "POST" for method, _ in self.calls)

    def order(self, fault: Fault, method: str = "POST", *, times: int | None = 1, first_of_id: bool = False) -> None:
        """The next `times` such calls (None: all) meet the fault; `first_of_id`: once for each CustomID."""
        with self._lock:
            self._orders.append(Order(fault, method, times, first_of_id))

    def forget(self) -> None:
        """An empty account again, as behaved as a new one."""
        with self._lock:
            self.taken, self.calls, self.met, self._orders = [], [], Counter(), []
            self.senders, self.latency, self.look_up_lag = {self.sender}, timedelta(), timedelta()

    async def _answer(self, request: Request, line: Line) -> Reply | None:
        self.calls.append((request.method, request.path))
        given = _decoded(request)
        with self._lock:
            fault = self._fault(request.method, _custom_id(request, given))
        await asyncio.sleep(self.latency.total_seconds())  # whether or not the client has gone meanwhile
        with self._lock:
            status, body = self._done(request, given, fault)
        seconds = self.hangs_for.total_seconds() if fault in HANGS else _A_MOMENT
        if request.method == "POST" and await line.hold(seconds):
            self.cut_in_flight += 1
        return answered(fault, status, body)

    def _fault(self, method: str, custom_id: str) -> Fault | None:
        fault = next((one.fault for one in self._orders if one.meets(method, custom_id)), None)
        if fault is None and method == "POST" and self.chance.random() < self.hang_share:
            fault = Fault.HANG_AFTER
        if fault is not None:
            self.met[fault] += 1
        return fault

    def _done(self, request: Request, given: Any, fault: Fault | None) -> tuple[int, Json]:
        login = b64encode(f"{self.api_key}:{self.secret_key}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return 401, error("mj-0015", 401, "API key authentication/authorization failure.")
        match request.method, request.path:
            case "POST", "/v3.1/send":
                if fault is not None and fault not in TAKEN:
                    return 0, {}
                return self._send(given, request.headers.get("idempotency-key"))
            case "GET", "/v3/REST/message":
                return 200, self._look_up(parse_qs(request.query), fault)
            case _:
                return 404, error("", 404, "Object not found")

    def _send(self, given: Any, key: str | None) -> tuple[int, Json]:
        messages = given.get("Messages") if isinstance(given, dict) and set(given) <= {"Messages"} else None
        if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST_AT_ONCE:
            return 400, error("mj-0002", 400, "Malformed JSON, please review the syntax and properties types.")
        answers = [self._take(one, key) for one in messages]
        statuses = [one["StatusCode"] for answer in answers for one in answer.get("Errors", [])]
        return max(statuses, default=200), {"Messages": answers}

    def _take(self, given: Any, key: str | None) -> Json:
        if found := problems(given, self.senders):
            return refused(*found)
        one = Taken(_FIRST_ID + 2 * len(self.taken), given, key)
        self.taken.append(one)
        self.when_taken(one)
        return one.answer

    def _look_up(self, filters: dict[str, list[str]], fault: Fault | None) -> Json:
        seen = [one for one in self.taken if time.monotonic() - one.at >= self.look_up_lag.total_seconds()]
        wanted = filters.get("CustomID", [None])[0]
        if wanted is None or fault is Fault.NO_FILTER:
            found = seen[-10:]
        else:
            found = [one for one in seen if one.custom_id == wanted]
        shown = filters.get("ShowCustomID", [""])[0].lower() == "true"
        data = [_shown(one) | ({"CustomID": one.custom_id} if shown else {}) for one in found]
        return {"Count": len(data), "Data": data, "Total": len(data)}


def _decoded(request: Request) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _custom_id(request: Request, given: Any) -> str:
    if request.method == "GET":
        return parse_qs(request.query).get("CustomID", [""])[0]
    messages = given.get("Messages") if isinstance(given, dict) else None
    return str(messages[0].get("CustomID", "")) if messages else ""


def _shown(one: Taken) -> Json:
    return {"ID": one.id, "Status": "queued", "AttachmentCount": 0, "MessageSize": 0, "ContactID": 1, "Subject": ""}
