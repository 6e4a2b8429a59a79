"""Giving money back at Stripe, once per key: the payment's refunds are looked through first, for Stripe forgets keys
after a day and a part could be given back twice."""

from typing import Any

import stripe

from integrations.gateways.stripe_calls import ask, error_of, expect, log
from integrations.gateways.stripe_money import AmountNotRepresentable, to_stripe
from integrations.gateways.stripe_outcomes import REFUND_KEY
from integrations.stripe_objects.lists import Page
from integrations.stripe_objects.payments import PaymentIntent, Refund
from workflows.billing.gateway import RefundRefused
from workflows.runtime.errors import InDoubt

_ENDED_BADLY = ("failed", "canceled")


async def refund(client: stripe.StripeClient, reference: str, amount_minor: int, idempotency_key: str) -> None:
    """Raises RefundRefused, InDoubt. What Stripe accepts may fail days later: RefundFailed says so."""
    try:
        payment = await ask(client.v1.payment_intents.retrieve_async(reference), PaymentIntent)
    except stripe.InvalidRequestError:
        raise RefundRefused("no such payment") from None
    try:
        amount, currency = to_stripe(amount_minor, payment.currency.upper())
    except AmountNotRepresentable:
        raise RefundRefused("not an amount of this currency") from None
    made = await _made_before(client, reference, idempotency_key)
    if made is None:
        made = await _make(client, reference, amount, idempotency_key)
    if (made.amount, made.currency) != (amount, currency):
        log.error("stripe refunded another amount", refund=made.id, asked=amount, got=made.amount)
        raise InDoubt("Stripe's refund does not match what was asked")
    if made.status in _ENDED_BADLY:
        raise RefundRefused(f"Stripe could not give it back: {made.status}")


async def _made_before(client: stripe.StripeClient, reference: str, idempotency_key: str) -> Refund | None:
    last: str | None = None
    while True:
        place: dict[str, Any] = {"starting_after": last} if last else {}
        params: Any = {"payment_intent": reference, "limit": 100, **place}
        page = await expect(client.v1.refunds.list_async(params), Page[Refund])
        for made in page.data:
            if made.metadata.get(REFUND_KEY) == idempotency_key:
                return made
        if not page.has_more or not page.data:
            return None
        last = page.data[-1].id


async def _make(client: stripe.StripeClient, reference: str, amount: int, idempotency_key: str) -> Refund:
    metadata = {REFUND_KEY: idempotency_key}
    try:
        return await ask(
            client.v1.refunds.create_async(
                {"payment_intent": reference, "amount": amount, "metadata": metadata},
                {"idempotency_key": idempotency_key},
            ),
            Refund,
        )
    except (stripe.InvalidRequestError, stripe.CardError) as refusal:
        log.warning("stripe refused a refund", code=refusal.code, stripe_request=refusal.request_id)
        raise RefundRefused(
            error_of(refusal).get("code") or "more than is left of it, or nothing to give back"
        ) from None
