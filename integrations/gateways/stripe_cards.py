"""Customers and their cards at Stripe. Numbers are typed into Stripe's Checkout (mode=setup) and never seen here."""

from collections.abc import Mapping
from hashlib import sha256

import stripe

from integrations.gateways.stripe_calls import ask, expect
from integrations.gateways.stripe_outcomes import card_of
from integrations.stripe_objects.cards import PaymentMethod
from integrations.stripe_objects.customers import Customer
from integrations.stripe_objects.payments import CheckoutSession, SetupIntent
from workflows.billing.gateway import Card, CardSetup
from workflows.marketplaces.link_lifetime import LINK_LIFETIME
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt

_FORM_OPEN = LINK_LIFETIME  # as the link to it; Stripe's least is half an hour


async def create_customer(client: stripe.StripeClient, email: str, name: str, idempotency_key: str) -> str:
    """The new customer's id. Raises InDoubt."""
    customer = await expect(
        client.v1.customers.create_async(
            {"email": email, "name": name} if name else {"email": email}, {"idempotency_key": idempotency_key}
        ),
        Customer,
    )
    return customer.id


async def customer_for_setup(client: stripe.StripeClient, email: str, return_url: str) -> str:
    """The id of a customer made for a card form; a second click within a day gets the same one."""
    key = sha256(f"{email}\n{return_url}".encode()).hexdigest()
    return await create_customer(client, email, "", f"customer-for-setup-{key}")


async def start_setup(
    client: stripe.StripeClient, customer: str, return_url: str, cancel_url: str, metadata: Mapping[str, str]
) -> CardSetup:
    """Opens a form. Raises InDoubt."""
    session = await expect(
        client.v1.checkout.sessions.create_async(
            {
                "mode": "setup",
                "customer": customer,
                "allowed_payment_method_types": ["card"],
                "success_url": return_url,
                "cancel_url": cancel_url,
                "expires_at": int((now() + _FORM_OPEN).timestamp()),
                "metadata": dict(metadata),
            }
        ),
        CheckoutSession,
    )
    if session.url is None or session.customer != customer or session.mode != "setup":
        raise InDoubt("Stripe opened another form than asked for")
    return CardSetup(url=session.url, reference=session.id, customer_reference=customer)


async def read_setup(client: stripe.StripeClient, reference: str) -> Card | None:
    """The card that a form saved. Raises InDoubt."""
    try:
        session = await ask(
            client.v1.checkout.sessions.retrieve_async(reference, {"expand": ["setup_intent.payment_method"]}),
            CheckoutSession,
        )
    except stripe.InvalidRequestError:
        return None
    intent = session.setup_intent
    if session.status != "complete" or not isinstance(intent, SetupIntent) or intent.status != "succeeded":
        return None
    method = intent.payment_method
    # Removed again since, where it has no customer: it could not be charged.
    return card_of(method) if isinstance(method, PaymentMethod) and method.customer else None


async def look_up(client: stripe.StripeClient, reference: str) -> Card | None:
    """A card by its PaymentMethod's id; None when it is unknown, detached or no card. Raises InDoubt."""
    if not reference.startswith(("pm_", "card_", "src_")):
        return None
    try:
        method = await ask(client.v1.payment_methods.retrieve_async(reference), PaymentMethod)
    except stripe.InvalidRequestError:
        return None
    return card_of(method) if method.customer else None
