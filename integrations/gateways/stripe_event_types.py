"""Which of Stripe's event types mean what to us. Everything else is Ignored; so is what answers None here.

Each translation gets the event's `data.object`, a snapshot of the time when the event happened. Raises
msgspec.DecodeError or InDoubt for an object without the facts of its type.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from integrations.gateways.stripe_money import from_stripe
from integrations.gateways.stripe_outcomes import card_of, key_of, outcome_of
from integrations.stripe_objects.cards import PaymentMethod
from integrations.stripe_objects.payments import Charge, CheckoutSession, Dispute, PaymentIntent, Refund
from workflows.billing.gateway_events.events import (
    CardRemoved,
    CardSaved,
    CardUpdated,
    ChargeSettled,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    GatewayEvent,
    RefundFailed,
    RefundMade,
)

Translation = Callable[[msgspec.Raw, str, str, datetime], GatewayEvent | None]

# An inquiry (warning_…) moves no money; a dispute that Stripe prevented never began.
_DISPUTES = {
    "needs_response": DisputeOpened,
    "under_review": DisputeOpened,
    "appeal_needs_response": DisputeOpened,
    "appeal_under_review": DisputeOpened,
    "won": DisputeWon,
    "lost": DisputeLost,
}


def _payment(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent | None:
    payment = msgspec.json.decode(raw, type=PaymentIntent)
    outcome = outcome_of(payment)
    if outcome is None:
        return None
    return ChargeSettled(
        event_id=event_id,
        type=kind,
        created_at=at,
        gateway_reference=payment.id,
        idempotency_key=key_of(payment.metadata),
        outcome=outcome,
    )


def _card_form(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent | None:
    session = msgspec.json.decode(raw, type=CheckoutSession)
    if session.mode != "setup":
        return None
    return CardSaved(
        event_id=event_id,
        type=kind,
        created_at=at,
        setup_reference=session.id,
        customer_reference=session.customer,
        metadata=session.metadata,
    )


def _card_updated(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent | None:
    card = card_of(msgspec.json.decode(raw, type=PaymentMethod))
    return None if card is None else CardUpdated(event_id=event_id, type=kind, created_at=at, card=card)


def _card_removed(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent:
    method = msgspec.json.decode(raw, type=PaymentMethod)
    return CardRemoved(event_id=event_id, type=kind, created_at=at, card_reference=method.id)


def _refunded(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent | None:
    charge = msgspec.json.decode(raw, type=Charge)
    if charge.payment_intent is None:
        return None
    refunded_minor, currency = from_stripe(charge.amount_refunded, charge.currency)
    return RefundMade(
        event_id=event_id,
        type=kind,
        created_at=at,
        gateway_reference=charge.payment_intent,
        refunded_minor=refunded_minor,
        currency=currency,
    )


def _refund_changed(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent | None:
    refund = msgspec.json.decode(raw, type=Refund)
    if refund.status not in ("failed", "canceled") or refund.payment_intent is None:
        return None
    amount_minor, currency = from_stripe(refund.amount, refund.currency)
    return RefundFailed(
        event_id=event_id,
        type=kind,
        created_at=at,
        gateway_reference=refund.payment_intent,
        refund_reference=refund.id,
        amount_minor=amount_minor,
        currency=currency,
    )


def _dispute(raw: msgspec.Raw, event_id: str, kind: str, at: datetime) -> GatewayEvent | None:
    dispute = msgspec.json.decode(raw, type=Dispute)
    event = _DISPUTES.get(dispute.status)
    if event is None or dispute.payment_intent is None:
        return None
    amount_minor, currency = from_stripe(dispute.amount, dispute.currency)
    return event(
        event_id=event_id,
        type=kind,
        created_at=at,
        gateway_reference=dispute.payment_intent,
        dispute_reference=dispute.id,
        amount_minor=amount_minor,
        currency=currency,
        reason=dispute.reason,
    )


# fmt: off
TRANSLATIONS: dict[str, Translation] = {
    "payment_intent.succeeded":             _payment,
    "payment_intent.payment_failed":        _payment,
    "payment_intent.requires_action":       _payment,
    "payment_intent.canceled":              _payment,
    "checkout.session.completed":           _card_form,
    "payment_method.automatically_updated": _card_updated,
    "payment_method.updated":               _card_updated,
    "payment_method.detached":              _card_removed,
    "charge.refunded":                      _refunded,
    "charge.refund.updated":                _refund_changed,
    "refund.failed":                        _refund_changed,
    "refund.updated":                       _refund_changed,
    "charge.dispute.created":               _dispute,
    "charge.dispute.updated":               _dispute,
    "charge.dispute.closed":                _dispute,
}
# fmt: on
