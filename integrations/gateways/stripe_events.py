"""Stripe's webhooks: verified over the raw body, then told in our own words
(workflows/billing/gateway_events/events.py).

The signature scheme is https://docs.stripe.com/webhooks#verify-manually. The SDK's own check takes one secret and
believes dates in the future, with which a recorded event could be kept for later; hence this one.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

import msgspec

from integrations.gateways.stripe_event_types import TRANSLATIONS
from integrations.gateways.stripe_outcomes import instant
from workflows.billing.gateway_events.events import EventMalformed, EventNotNow, EventUnsigned, GatewayEvent, Ignored
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt

TOLERANCE = timedelta(seconds=300)  # both ways; Stripe signs each delivery anew
_PART = re.compile(r"(t|v1)=([0-9a-f]+)", re.ASCII)
_LONGEST_TIME = 12  # digits


class _Data(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class _Envelope(msgspec.Struct, frozen=True):
    id: str
    type: str
    created: int
    data: _Data


class _Thin(msgspec.Struct, frozen=True):
    """An event of Stripe's second API, which we did not ask for: it carries no data."""

    id: str
    type: str
    object: str


class StripeEvents:
    """Reads webhooks signed with any of `secrets`. Raises ValueError for a secret that is not one of an endpoint."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not all(secret.startswith("whsec_") for secret in secrets):
            raise ValueError("STRIPE_WEBHOOK_SECRETS must be whsec_…, comma-separated")
        self._secrets = [secret.encode() for secret in secrets]

    def read_event(self, body: bytes, signature: str | None) -> GatewayEvent:
        """The event in a raw body. Raises EventUnsigned, EventNotNow, EventMalformed."""
        signed_at, signatures = _parts(signature)
        expected = [_sign(secret, signed_at, body) for secret in self._secrets]
        if not any(hmac.compare_digest(one, other) for one in expected for other in signatures):
            raise EventUnsigned("signed with none of our secrets")
        if abs(now().timestamp() - int(signed_at)) > TOLERANCE.total_seconds():
            raise EventNotNow("signed too long ago, or in the future")
        return _translate(body)


def _parts(signature: str | None) -> tuple[str, list[str]]:
    """The time as it was signed, and the signatures over it."""
    parts = [match for part in (signature or "").split(",") if (match := _PART.fullmatch(part.strip()))]
    times = [match[2] for match in parts if match[1] == "t"]
    if len(times) != 1 or not times[0].isdecimal() or len(times[0]) > _LONGEST_TIME:
        raise EventUnsigned("no time in its signature")
    return times[0], [match[2] for match in parts if match[1] == "v1"]


def _sign(secret: bytes, signed_at: str, body: bytes) -> str:
    return hmac.new(secret, signed_at.encode() + b"." + body, sha256).hexdigest()


def _translate(body: bytes) -> GatewayEvent:
    try:
        event = msgspec.json.decode(body, type=_Envelope)
        at = instant(event.created)
        translation = TRANSLATIONS.get(event.type)
        told = translation(event.data.object, event.id, event.type, at) if translation else None
    except (msgspec.DecodeError, InDoubt, OverflowError, OSError, ValueError):
        return _thin(body)
    return told or Ignored(event_id=event.id, type=event.type, created_at=at)


def _thin(body: bytes) -> Ignored:
    try:
        event = msgspec.json.decode(body, type=_Thin)
    except (msgspec.DecodeError, ValueError):
        event = None
    if event is None or event.object != "v2.core.event":
        raise EventMalformed("not an event of Stripe's")
    return Ignored(event_id=event.id, type=event.type, created_at=now())
