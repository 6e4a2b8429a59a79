"""What Stripe's objects and refusals mean in the port's words. Pure: asks nobody.

Decline codes stay Stripe's own (https://docs.stripe.com/declines/codes), but for a card that is gone at the gateway,
which is `invalid_account` as in the sandbox.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.gateways.stripe_money import from_stripe
from integrations.stripe_objects.cards import PaymentMethod
from integrations.stripe_objects.payments import CardProblem, Charge, PaymentError, PaymentIntent
from workflows.billing.gateway import Card, GatewayPayment, Outcome
from workflows.runtime.errors import InDoubt

CHARGE_KEY = "gatehouse_charge"  # in a PaymentIntent's metadata: our idempotency key
REFUND_KEY = "gatehouse_refund"  # in a Refund's
AUTHENTICATE = "authentication_required"
CARD_GONE = "invalid_account"
CANCELED = "canceled"
_UNPAID = ("requires_payment_method", "requires_confirmation")


def outcome_of(payment: PaymentIntent) -> Outcome | None:
    """What became of an attempt; None for one that has not been tried. Raises InDoubt while it is under way."""
    amount, currency = from_stripe(
        payment.amount_received if payment.status == "succeeded" else payment.amount, payment.currency
    )

    def outcome(state: Any, error: PaymentError | None = None) -> Outcome:
        return Outcome(
            state=state,
            gateway_reference=payment.id,
            decline_code=_decline_code(error) if error else None,
            advice_code=error.advice_code if error else None,
            amount_minor=amount,
            currency=currency,
        )

    if payment.status == "succeeded":
        return outcome("succeeded")
    if payment.status == "requires_action":
        return outcome("action_required", PaymentError(code=AUTHENTICATE))
    if payment.status == CANCELED:
        return outcome("failed", PaymentError(code=CANCELED))
    if payment.status in _UNPAID:
        error = payment.last_payment_error
        if error is None:
            return None
        return outcome("action_required" if error.code == AUTHENTICATE else "failed", error)
    raise InDoubt(f"the payment is {payment.status}")


def outcome_of_decline(problem: CardProblem) -> Outcome:
    """What a 402 says became of the attempt."""
    payment = problem.payment_intent
    amount, currency = from_stripe(payment.amount, payment.currency) if payment else (None, None)
    return Outcome(
        state="action_required" if payment and problem.code == AUTHENTICATE else "failed",
        gateway_reference=payment.id if payment else "",
        decline_code=_decline_code(problem),
        advice_code=problem.advice_code,
        amount_minor=amount,
        currency=currency,
    )


def refused(decline_code: str) -> Outcome:
    """An attempt that Stripe would not even begin: nothing moved, and there is nothing to refer to."""
    return Outcome(state="failed", gateway_reference="", decline_code=decline_code)


def card_of(method: PaymentMethod) -> Card | None:
    """The card; None for what is no card."""
    if method.card is None:
        return None
    return Card(
        reference=method.id,
        fingerprint=method.card.fingerprint or method.id,
        brand=method.card.brand,
        last_four=method.card.last4,
        exp_month=method.card.exp_month,
        exp_year=method.card.exp_year,
        customer_reference=method.customer,
    )


def as_recorded(payment: PaymentIntent) -> GatewayPayment:
    """An attempt for the nightly comparison; `latest_charge` must have been expanded."""
    try:
        outcome = outcome_of(payment)
    except InDoubt:
        outcome = None
    charge = payment.latest_charge if isinstance(payment.latest_charge, Charge) else None
    amount, currency = from_stripe(payment.amount, payment.currency)
    return GatewayPayment(
        reference=payment.id,
        idempotency_key=key_of(payment.metadata),
        amount_minor=amount,
        refunded_minor=from_stripe(charge.amount_refunded, charge.currency)[0] if charge else 0,
        currency=currency,
        state=outcome.state if outcome else "pending",
        created_at=instant(payment.created),
        disputed=charge.disputed if charge else False,
    )


def key_of(metadata: Mapping[str, str]) -> str | None:
    """Our idempotency key of an attempt; None for one that Gatehouse did not make."""
    return metadata.get(CHARGE_KEY)


def instant(epoch: int) -> datetime:
    """Stripe's times are whole seconds."""
    return datetime.fromtimestamp(epoch, UTC)


def _decline_code(error: PaymentError) -> str:
    return error.decline_code or error.code or "card_declined"
