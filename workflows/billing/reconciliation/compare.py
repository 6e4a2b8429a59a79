"""What differs in one payment between our books and a gateway's. Pure: facts and the time in, differences out.

Payments without a key of ours are somebody else's business at the same account. What is in flight is no difference: the
next night looks again (workflows/billing/reconciliation/nightly.py).
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from workflows.billing.gateway import GatewayPayment
from workflows.billing.reconciliation.differences import Kind

IN_FLIGHT = timedelta(minutes=15)  # what moved since then, the gateway's list may not say yet, nor we
CUSTOMERS_TURN = timedelta(days=1)  # an event that tells of a confirmation has come by then
PAID = ("succeeded", "refunded", "partially_refunded", "disputed")


class OurCharge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge as our books have it. `settled_at` is its last move, by real time."""

    id: UUID
    marketplace_id: UUID
    idempotency_key: str
    gateway_reference: str | None
    amount_minor: int
    refunded_minor: int
    currency: str
    state: str
    settled_at: datetime
    refund_pending: bool


class Difference(NamedTuple):
    """What a payment is told differently in; both sides in words."""

    kind: Kind
    ours: str
    theirs: str


def compare(ours: OurCharge | None, theirs: GatewayPayment | None, at: datetime) -> list[Difference]:
    """What differs in one payment, at `at`. None stands for a side that does not have it."""
    if ours is None:
        return [] if theirs is None else _unknown_here(theirs, at)
    if theirs is None:
        missing = ours.state in PAID and ours.amount_minor > 0 and ours.settled_at <= at - IN_FLIGHT
        return [Difference("unknown_there", _our_words(ours), "nothing")] if missing else []
    if _in_flight(ours, at):
        return []
    found: list[Difference] = []
    if _state_differs(ours, theirs):
        found.append(Difference("state", ours.state, theirs.state))
    if _money_differs(ours, theirs):
        found.append(Difference("amount", _our_words(ours), _their_words(theirs)))
    return found


def _unknown_here(theirs: GatewayPayment, at: datetime) -> list[Difference]:
    made_by_us = theirs.idempotency_key is not None
    if not made_by_us or theirs.state != "succeeded" or theirs.created_at > at - IN_FLIGHT:
        return []
    return [Difference("unknown_here", "nothing", _their_words(theirs))]


def _in_flight(ours: OurCharge, at: datetime) -> bool:
    """Pending charges and refunds are asked about until the gateway has answered."""
    if ours.state == "pending" or ours.refund_pending:
        return True
    return ours.settled_at > at - (CUSTOMERS_TURN if ours.state == "action_required" else IN_FLIGHT)


def _state_differs(ours: OurCharge, theirs: GatewayPayment) -> bool:
    if ours.state in PAID:
        return theirs.state != "succeeded"
    if ours.state == "failed":
        return theirs.state in ("succeeded", "action_required")  # money moved, or still may
    return theirs.state != ours.state


def _money_differs(ours: OurCharge, theirs: GatewayPayment) -> bool:
    if (ours.amount_minor, ours.currency) != (theirs.amount_minor, theirs.currency):
        return True
    return ours.state in PAID and ours.refunded_minor != theirs.refunded_minor


def _our_words(ours: OurCharge) -> str:
    return _words(ours.amount_minor, ours.currency, ours.refunded_minor)


def _their_words(theirs: GatewayPayment) -> str:
    return _words(theirs.amount_minor, theirs.currency, theirs.refunded_minor)


def _words(amount_minor: int, currency: str, refunded_minor: int) -> str:
    return f"{amount_minor} {currency}" + (f", {refunded_minor} refunded" if refunded_minor else "")
