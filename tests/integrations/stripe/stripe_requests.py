"""Short ways to ask for charges in the tests of Stripe."""

from uuid import uuid4

from workflows.billing.gateway import Card, ChargeRequest


def a_request(
    card: Card | str, amount_minor: int = 1999, currency: str = "EUR", key: str | None = None
) -> ChargeRequest:
    """One attempt, under a key of its own unless one is given."""
    return ChargeRequest(
        idempotency_key=key or str(uuid4()),
        card_reference=card if isinstance(card, str) else card.reference,
        customer_reference=None if isinstance(card, str) else card.customer_reference,
        amount_minor=amount_minor,
        currency=currency,
    )
