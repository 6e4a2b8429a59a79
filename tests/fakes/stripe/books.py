"""What the fake account holds: objects as Stripe shows them, what their numbers mean, and the events they caused."""

import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from tests.fakes.stripe.cards import NUMBERS, Step, TestNumber
from tests.fakes.stripe.errors import Json, missing

_KINDS = {
    "pm": "PaymentMethod",
    "pi": "payment_intent",
    "cus": "customer",
    "cs_test": "checkout.session",
    "sub": "subscription",
}


@dataclass(slots=True)
class Meaning:
    """What charges of one card meet. `steps`, as scripted, come before what its number means."""

    number: TestNumber
    set_up: bool = False
    steps: list[Step] = field(default_factory=list[Step])


class Books:
    """Guarded by `lock`: the server's thread and the test's both write. Objects are in the order they were made."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.objects: dict[str, Json] = {}
        self.meanings: dict[str, Meaning] = {}
        self.events: list[Json] = []
        self.charged: Counter[str] = Counter()  # by Gatehouse's idempotency key: how often money moved
        self._ahead = timedelta()

    def now(self) -> float:
        """The account's time: the machine's, and what a test moved it ahead by."""
        return time.time() + self._ahead.total_seconds()

    def advance(self, by: timedelta) -> None:
        """Keys are forgotten and searches catch up as time goes."""
        self._ahead += by

    def new(self, prefix: str, kind: str, facts: Json) -> Json:
        """A new object, with what all have."""
        reference = f"{prefix}_{secrets.token_hex(12)}"
        made: Json = {"id": reference, "object": kind, "created": int(self.now()), "livemode": False, **facts}
        self.objects[reference] = made
        return made

    def get(self, prefix: str, reference: str, param: str) -> Json:
        """An object by its id; refuses as Stripe does where there is none."""
        found = self.objects.get(reference)
        if found is None or not reference.startswith(f"{prefix}_"):
            raise missing(_KINDS.get(prefix, prefix), reference, param)
        return found

    def all(self, kind: str) -> list[Json]:
        """All objects of a kind, newest first."""
        return [one for one in reversed(self.objects.values()) if one["object"] == kind]

    def happened(self, kind: str, subject: Json) -> Json:
        """Writes an event with a snapshot of its subject."""
        event: Json = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(self.now()),
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
            "data": {"object": snapshot(subject)},
        }
        self.events.append(event)
        return event

    def add_customer(self, email: str = "") -> str:
        """A customer's id."""
        return self.new("cus", "customer", {"email": email or None, "name": None, "metadata": {}})["id"]

    def add_card(
        self, customer: str | None, number: str = "4242424242424242", exp: tuple[int, int] = (12, 2034)
    ) -> str:
        """The id of a card with that test number, attached, whatever its bank says to that."""
        known = NUMBERS[number]
        card: Json = {
            "brand": known.brand,
            "last4": number[-4:],
            "exp_month": exp[0],
            "exp_year": exp[1],
            "fingerprint": f"fp_{sha256(number.encode()).hexdigest()[:16]}",
            "funding": "credit",
            "country": "US",
        }
        made = self.new("pm", "payment_method", {"type": "card", "card": card, "customer": customer, "metadata": {}})
        self.meanings[made["id"]] = Meaning(known)
        return made["id"]


def snapshot(subject: Any) -> Any:
    """A copy that later changes leave alone."""
    if isinstance(subject, dict):
        return {name: snapshot(value) for name, value in subject.items()}
    return [snapshot(one) for one in subject] if isinstance(subject, list) else subject
