"""Delivers the fake's events as Stripe does: signed, many times, in any order, again after an error.

>>> pump = Pump(fake, "http://127.0.0.1:8000/webhooks/stripe")
>>> pump.deliver(copies=3, shuffle=Random(7), hold=["payment_intent.succeeded"])
>>> pump.deliver()  # what was held, and what was answered with anything but 2xx
"""

import hmac
import json
import time
from collections.abc import Collection
from hashlib import sha256
from random import Random

import httpx

from tests.fakes.stripe.errors import Json
from tests.fakes.stripe.fake import FakeStripe


def signature(body: bytes, secret: str, at: float | None = None) -> str:
    """The header Stripe-Signature."""
    signed_at = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, sha256)
    return f"t={signed_at},v1={mac.hexdigest()}"


def signed(event: Json, secret: str, at: float | None = None) -> tuple[bytes, str]:
    """(raw body, header) of one delivery."""
    body = json.dumps(event, indent=2).encode()
    return body, signature(body, secret, at)


class Pump:
    """One endpoint. Events are `pending` until it has answered 2xx to one of their deliveries."""

    def __init__(self, fake: FakeStripe, url: str, secrets: Collection[str] | None = None) -> None:
        self._fake, self._url = fake, url
        self._client = httpx.Client(trust_env=False, timeout=10)
        self.secrets = list(secrets or [fake.webhook_secret])
        self.delivered: set[str] = set()
        self.statuses: list[int] = []

    @property
    def pending(self) -> list[Json]:
        """What has not arrived, oldest first."""
        return [event for event in list(self._fake.books.events) if event["id"] not in self.delivered]

    def deliver(self, *, copies: int = 1, shuffle: Random | None = None, hold: Collection[str] = ()) -> int:
        """Sends everything pending but the types on `hold`, each `copies` times; how many deliveries were not 2xx."""
        batch = [event for event in self.pending if event["type"] not in hold for _ in range(copies)]
        if shuffle is not None:
            shuffle.shuffle(batch)
        statuses = [self.send(event) for event in batch]
        return sum(not 200 <= status < 300 for status in statuses)

    def send(self, event: Json, *, secret: str | None = None, at: float | None = None) -> int:
        """One delivery, signed with a wrong secret or at another time where a test says so; the status, 0 for none."""
        body = json.dumps(event, indent=2).encode()
        secrets = [secret] if secret is not None else self.secrets
        # Stripe signs with both while a secret is replaced, at one time.
        at = time.time() if at is None else at
        first, *others = (signature(body, one, at) for one in secrets)
        header = ",".join([first, *(other.partition(",")[2] for other in others)])
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}
        try:
            status = self._client.post(self._url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            status = 0
        self.statuses.append(status)
        if 200 <= status < 300:
            self.delivered.add(event["id"])
        return status
