"""Payments that want the customer: sent to their bank's page, or withdrawn.

An off-session attempt that needed the customer stands at `requires_payment_method` with the error
`authentication_required`. Confirming the same PaymentIntent again, on session and with a return URL, gives the bank's
page; so the attempt stays one attempt. https://docs.stripe.com/payments/save-and-reuse#charge-saved-payment-method
"""

import stripe

from integrations.gateways.stripe_calls import ask, error_of, read
from integrations.gateways.stripe_outcomes import outcome_of, outcome_of_decline
from integrations.stripe_objects.payments import CardProblem, PaymentIntent
from workflows.billing.gateway import Confirmation, Outcome
from workflows.runtime.errors import InDoubt, NotFound


async def start(client: stripe.StripeClient, reference: str, return_url: str) -> Confirmation:
    """The bank's page, or what became of the payment. Raises NotFound, InDoubt."""
    payment = await _payment(client, reference)
    outcome = outcome_of(payment)
    if outcome is None or outcome.state != "action_required":
        return Confirmation(url=None, outcome=_known(outcome))
    if (url := _page(payment)) is not None:
        return Confirmation(url=url, outcome=outcome)
    try:
        payment = await ask(
            client.v1.payment_intents.confirm_async(
                reference, {"payment_method": _card_of(payment), "return_url": return_url, "off_session": False}
            ),
            PaymentIntent,
        )
    except stripe.CardError as declined:
        return Confirmation(url=None, outcome=outcome_of_decline(read(error_of(declined), CardProblem)))
    except stripe.InvalidRequestError as refusal:
        # Confirmed, paid or withdrawn since we looked; the next look will tell.
        raise InDoubt(f"Stripe would not confirm: {refusal.code or 'invalid request'}") from None
    return Confirmation(url=_page(payment), outcome=_known(outcome_of(payment)))


async def withdraw(client: stripe.StripeClient, reference: str) -> Outcome:
    """Cancels it, unless it is paid. Raises NotFound, InDoubt."""
    outcome = outcome_of(await _payment(client, reference))
    if outcome is not None and outcome.state == "succeeded":
        return outcome
    try:
        payment = await ask(
            client.v1.payment_intents.cancel_async(reference, {"cancellation_reason": "abandoned"}), PaymentIntent
        )
    except stripe.InvalidRequestError:
        # Paid or canceled in between: what stands in the way of cancelling is an outcome.
        payment = await _payment(client, reference)
        if payment.status not in ("succeeded", "canceled"):
            raise InDoubt(f"Stripe would not cancel what {payment.status}") from None
    return _known(outcome_of(payment))


async def _payment(client: stripe.StripeClient, reference: str) -> PaymentIntent:
    try:
        return await ask(client.v1.payment_intents.retrieve_async(reference), PaymentIntent)
    except stripe.InvalidRequestError:
        raise NotFound("no such payment") from None


def _page(payment: PaymentIntent) -> str | None:
    action = payment.next_action
    if payment.status != "requires_action" or action is None or action.redirect_to_url is None:
        return None
    return action.redirect_to_url.url


def _card_of(payment: PaymentIntent) -> str:
    error = payment.last_payment_error
    method = payment.payment_method or (error.payment_method.id if error and error.payment_method else None)
    if method is None:
        raise InDoubt("Stripe does not say which card to confirm")
    return method


def _known(outcome: Outcome | None) -> Outcome:
    if outcome is None:
        raise InDoubt("Stripe has not tried the card yet")
    return outcome
