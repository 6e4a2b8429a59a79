"""What a payment gateway tells us by webhook, in Gatehouse's own words.

integrations/gateways verifies and translates, keep.py stores, apply.py applies. The rules:

- **once**: gateways deliver the same event many times. `event_id` is theirs and unique: each is stored once.
- **in any order**: a refund may arrive before the payment it gives back, a failure after the success that followed it.
  So every event states a present fact, never a difference (`refunded_minor` is the total). A fact that the state
  machine does not allow yet is tried again later; one that it has already gone past changes nothing.
- **an event is not the only messenger**: the synchronous answer says the same things, and may come second.
- amounts and currencies are the gateway's claim: compare `outcome` with the charge before believing it.

Nothing here is logged whole: `metadata` is the caller's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from workflows.billing.gateway import Card, Outcome
from workflows.runtime.errors import WorkflowError

# Stripe sends an event again for three days by itself, and for thirty when somebody asks it to.
GATEWAY_EVENTS_KEPT_FOR = timedelta(days=90)
# What happened longer ago than this is not heeded: it may have been applied, and be forgotten. The day between the two
# is for servers whose clocks differ.
GATEWAY_EVENTS_HEEDED_FOR = GATEWAY_EVENTS_KEPT_FOR - timedelta(days=1)


class EventRefused(WorkflowError):
    """Root of what makes a webhook unbelievable. Answer 400 and change nothing; the gateway will try again."""

    code = "event_refused"


class EventUnsigned(EventRefused):
    """Raised when the signature is missing, malformed, or not made with one of our secrets over this very body."""

    code = "event_unsigned"


class EventNotNow(EventRefused):
    """Raised when a well-signed event was signed too long ago or in the future: a replay, or a clock far off."""

    code = "event_not_now"


class EventMalformed(EventRefused):
    """Raised when a well-signed body is no event, or one of a known type without the facts that its type has."""

    code = "event_malformed"


class GatewayEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What all events have: the gateway's id for once-only, its own `type`, and when it happened there."""

    event_id: str
    type: str
    created_at: datetime


class ChargeSettled(GatewayEvent, frozen=True, kw_only=True):
    """What became of an attempt; `outcome.state` may also be action_required. `idempotency_key` is None for a payment
    that Gatehouse did not make."""

    gateway_reference: str
    idempotency_key: str | None
    outcome: Outcome


class CardSaved(GatewayEvent, frozen=True, kw_only=True):
    """A customer saved a card through a hosted form. The card itself: `Gateway.read_card_setup(setup_reference)`."""

    setup_reference: str
    customer_reference: str | None
    metadata: Mapping[str, str]  # as given to start_card_setup


class CardUpdated(GatewayEvent, frozen=True, kw_only=True):
    """The network replaced a card's number or expiry date under the same reference."""

    card: Card


class CardRemoved(GatewayEvent, frozen=True, kw_only=True):
    """The gateway no longer keeps this card; charges of it will fail."""

    card_reference: str


class RefundMade(GatewayEvent, frozen=True, kw_only=True):
    """`refunded_minor` of the payment have been given back, all refunds so far together."""

    gateway_reference: str
    refunded_minor: int
    currency: str


class RefundFailed(GatewayEvent, frozen=True, kw_only=True):
    """A refund that had been accepted did not reach the customer: the merchant has the money again."""

    gateway_reference: str
    refund_reference: str
    amount_minor: int
    currency: str


class _Dispute(GatewayEvent, frozen=True, kw_only=True):
    gateway_reference: str
    dispute_reference: str
    amount_minor: int
    currency: str
    reason: str


class DisputeOpened(_Dispute, frozen=True, kw_only=True):
    """The customer's bank takes the money back. May come again while the dispute goes on, and after its end."""


class DisputeWon(_Dispute, frozen=True, kw_only=True):
    """The money is the merchant's again. May arrive before DisputeOpened."""


class DisputeLost(_Dispute, frozen=True, kw_only=True):
    """The money is gone. May arrive before DisputeOpened."""


class Ignored(GatewayEvent, frozen=True, kw_only=True):
    """Well signed, and nothing to us: answer 200, or the gateway repeats it for days."""


# What `gateway_event.type` names.
TYPES: Mapping[str, type[GatewayEvent]] = {
    shape.__name__: shape
    for shape in (
        *(ChargeSettled, CardSaved, CardUpdated, CardRemoved, RefundMade, RefundFailed),
        *(DisputeOpened, DisputeWon, DisputeLost, Ignored),
    )
}


class EventReader(Protocol):
    """Verifies and translates one gateway's webhooks."""

    def read_event(self, body: bytes, signature: str | None) -> GatewayEvent:
        """The event in a raw request body (exactly as it came). Raises EventUnsigned, EventNotNow, EventMalformed."""
        ...
