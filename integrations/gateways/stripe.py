"""Stripe behind `Gateway`: customers, hosted card forms, off-session charges, confirmations,
refunds.

docs/decisions/0010 says why a doubtful charge is asked about by list or search and then sent again under its key.
Neighbours: stripe_calls (what no answer means), stripe_outcomes (what an answer means), stripe_events (webhooks).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import stripe

from integrations.gateways import stripe_cards, stripe_confirmations, stripe_lookup, stripe_refunds
from integrations.gateways.stripe_calls import DeadlineClient, ask, client, error_of, log, log_refusal, read
from integrations.gateways.stripe_events import StripeEvents
from integrations.gateways.stripe_money import AmountNotRepresentable, to_stripe
from integrations.gateways.stripe_outcomes import (
    CARD_GONE,
    CHARGE_KEY,
    key_of,
    outcome_of,
    outcome_of_decline,
    refused,
)
from integrations.stripe_objects.payments import CardProblem, PaymentIntent
from workflows.billing.gateway import Card, CardDetails, CardSetup, ChargeRequest, Confirmation, GatewayPayment, Outcome
from workflows.billing.gateway_events.events import GatewayEvent
from workflows.runtime.errors import InDoubt, InvalidInput

TIMEOUT = timedelta(seconds=10)  # for each try; Stripe answers in 1-2 s, its own limit is far above
NETWORK_RETRIES = 2  # under the same idempotency key, with the SDK's pauses of half a second and more


class StripeGateway:
    """One Stripe account. Bound to the event loop that uses it first; `close` it there.

    `api_base` points at a stand-in for Stripe, `webhook_secrets` are one or, while one is replaced, two. Raises
    ValueError for a key, address or secret that cannot be meant.
    """

    hosted_form = True

    def __init__(
        self,
        secret_key: str,
        api_base: str | None = None,
        webhook_secrets: Sequence[str] = (),
        *,
        timeout: timedelta = TIMEOUT,
        network_retries: int = NETWORK_RETRIES,
    ) -> None:
        self._http = DeadlineClient(timeout.total_seconds())
        self._stripe = client(secret_key, api_base, self._http, network_retries)
        self._events = StripeEvents(webhook_secrets)

    async def close(self) -> None:
        """Ends its connections."""
        await self._http.close_async()

    async def take_card(self, details: CardDetails) -> Card:  # noqa: ARG002 - the port's
        """Raises InvalidInput: card numbers never touch Gatehouse."""
        raise InvalidInput({"number": "Cards are entered on the payment provider's own page."})

    async def create_customer(self, *, email: str, name: str, idempotency_key: str) -> str:
        """Once per key within a day. Raises InDoubt."""
        return await stripe_cards.create_customer(self._stripe, email, name, idempotency_key)

    async def start_card_setup(
        self,
        *,
        customer_reference: str | None,
        email: str,
        return_url: str,
        cancel_url: str,
        metadata: Mapping[str, str],
    ) -> CardSetup:
        """A Checkout Session in setup mode. Raises InDoubt."""
        if customer_reference is None:
            customer_reference = await stripe_cards.customer_for_setup(self._stripe, email, return_url)
        return await stripe_cards.start_setup(self._stripe, customer_reference, return_url, cancel_url, metadata)

    async def read_card_setup(self, reference: str) -> Card | None:
        """The card saved through a Checkout Session. Raises InDoubt."""
        return await stripe_cards.read_setup(self._stripe, reference)

    async def look_up_card(self, reference: str) -> Card | None:
        """An attached PaymentMethod that is a card. Raises InDoubt."""
        return await stripe_cards.look_up(self._stripe, reference)

    async def charge(self, request: ChargeRequest) -> Outcome:
        """A PaymentIntent, confirmed off session. Raises InDoubt, GatewayBusy."""
        try:
            amount, currency = to_stripe(request.amount_minor, request.currency)
        except AmountNotRepresentable:
            return refused("invalid_amount")
        customer = request.customer_reference
        if customer is None:
            # Without one the request goes out all the same: under a key used before, Stripe then says so.
            customer = await self._holder(request.card_reference)
        try:
            return await self._attempt(request, amount, currency, customer)
        except stripe.InvalidRequestError as refusal:
            log_refusal(refusal)
            card = await self.look_up_card(request.card_reference)
            if card is None:
                return refused(CARD_GONE)
            if card.customer_reference == customer:
                return refused(refusal.code or "invalid_request")
        # Somebody with two customers at Stripe, one for each checkout: the card is charged in its own one's name.
        try:
            return await self._attempt(request, amount, currency, card.customer_reference)
        except stripe.InvalidRequestError as refusal:
            log_refusal(refusal)
            return refused(refusal.code or "invalid_request")

    async def find_charge(
        self,
        idempotency_key: str,
        *,
        customer_reference: str | None = None,
        submitted_at: datetime | None = None,
    ) -> Outcome | None:
        """What became of an attempt. Raises InDoubt while it is under way."""
        if customer_reference is not None and submitted_at is not None:
            payments = await stripe_lookup.among_customers_payments(
                self._stripe, customer_reference, submitted_at, idempotency_key
            )
        else:
            payments = []
        # The card may be kept for another of Stripe's customers; and sometimes nothing is known but the key.
        payments = payments or await stripe_lookup.by_search(self._stripe, idempotency_key)
        outcomes = [outcome for payment in payments if (outcome := outcome_of(payment)) is not None]
        if len(payments) > 1:
            log.error("stripe has several payments for one attempt", payments=[payment.id for payment in payments])
        # Should there ever be several, the one in which money moved is the one to know of.
        return next((one for one in outcomes if one.state == "succeeded"), outcomes[0] if outcomes else None)

    async def start_confirmation(self, gateway_reference: str, return_url: str) -> Confirmation:
        """The bank's page for a PaymentIntent. Raises NotFound, InDoubt."""
        return await stripe_confirmations.start(self._stripe, gateway_reference, return_url)

    async def withdraw(self, gateway_reference: str) -> Outcome:
        """Cancels a PaymentIntent. Raises NotFound, InDoubt."""
        return await stripe_confirmations.withdraw(self._stripe, gateway_reference)

    async def refund(self, gateway_reference: str, amount_minor: int, idempotency_key: str) -> None:
        """Once per key, also when it is repeated after days. Raises RefundRefused, InDoubt."""
        await stripe_refunds.refund(self._stripe, gateway_reference, amount_minor, idempotency_key)

    async def payments_between(self, since: datetime, until: datetime) -> AsyncIterator[GatewayPayment]:
        """Every PaymentIntent of the account made in that time, newest first. Raises InDoubt."""
        async for payment in stripe_lookup.payments_between(self._stripe, since, until):
            yield payment

    def read_event(self, body: bytes, signature: str | None) -> GatewayEvent:
        """A webhook's event; `signature` is the header Stripe-Signature. Raises EventUnsigned, EventNotNow,
        EventMalformed."""
        return self._events.read_event(body, signature)

    async def _create(self, request: ChargeRequest, amount: int, currency: str, customer: str | None) -> object:
        # Words that a retry under the same key must repeat exactly, today's code or tomorrow's.
        params: Any = {
            "amount": amount,
            "currency": currency,
            "payment_method": request.card_reference,
            "allowed_payment_method_types": ["card"],
            "confirm": True,
            "off_session": True,
            "metadata": {CHARGE_KEY: request.idempotency_key},
        }
        if customer is not None:
            params["customer"] = customer
        return await self._stripe.v1.payment_intents.create_async(params, {"idempotency_key": request.idempotency_key})

    async def _attempt(self, request: ChargeRequest, amount: int, currency: str, customer: str | None) -> Outcome:
        """Raises InDoubt, stripe.InvalidRequestError: Stripe would not begin."""
        try:
            payment = await ask(self._create(request, amount, currency, customer), PaymentIntent)
        except stripe.CardError as declined:
            problem = read(error_of(declined), CardProblem)
            return _checked(request, problem.payment_intent, outcome_of_decline(problem))
        outcome = outcome_of(payment)
        if outcome is None:
            raise InDoubt("Stripe has not tried the card yet")
        return _checked(request, payment, outcome)

    async def _holder(self, card_reference: str) -> str | None:
        """For which of Stripe's customers a card is kept."""
        card = await self.look_up_card(card_reference)
        return card.customer_reference if card else None


def _checked(request: ChargeRequest, payment: PaymentIntent | None, outcome: Outcome) -> Outcome:
    """The outcome, if it is about this very attempt. Raises InDoubt."""
    if payment is None:
        return outcome
    says = (outcome.amount_minor, outcome.currency, key_of(payment.metadata))
    if says != (request.amount_minor, request.currency.upper(), request.idempotency_key):
        log.error(
            "stripe answered about another payment",
            asked=request.idempotency_key,
            asked_minor=request.amount_minor,
            asked_currency=request.currency,
            payment=payment.id,
            got_minor=outcome.amount_minor,
            got_currency=outcome.currency,
        )
        raise InDoubt("Stripe's answer does not match what was asked")
    return outcome
