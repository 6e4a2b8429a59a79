"""Finding payments at Stripe again: by customer and time (as fresh as Stripe's books) or by search (which may lag).

https://docs.stripe.com/search#data-freshness: a search knows of a payment after about a minute, in an outage after an
hour; lists are not subject to that delay.
"""

from collections.abc import AsyncIterator, Awaitable
from datetime import datetime, timedelta
from typing import Any

import stripe

from integrations.gateways.stripe_calls import expect
from integrations.gateways.stripe_outcomes import CHARGE_KEY, as_recorded, key_of
from integrations.stripe_objects.lists import Page
from integrations.stripe_objects.payments import PaymentIntent
from workflows.billing.gateway import GatewayPayment
from workflows.runtime.errors import InDoubt

_CLOCKS_APART = timedelta(minutes=5)  # our clock and Stripe's
_PAGE = 100  # Stripe's most
_FOUND = Page[PaymentIntent]


async def among_customers_payments(
    client: stripe.StripeClient, customer: str, submitted_at: datetime, idempotency_key: str
) -> list[PaymentIntent]:
    """The customer's payments with that key, made since it was first sent. Raises InDoubt."""
    since = int((submitted_at - _CLOCKS_APART).timestamp())
    wanted: Any = {"customer": customer, "created": {"gte": since}}
    return [payment async for payment in _all(client, wanted) if key_of(payment.metadata) == idempotency_key]


async def by_search(client: stripe.StripeClient, idempotency_key: str) -> list[PaymentIntent]:
    """Payments with that key among those the search knows of, as they stand now. Raises InDoubt."""
    quoted = idempotency_key.replace("\\", "\\\\").replace("'", "\\'")
    query = f"metadata['{CHARGE_KEY}']:'{quoted}'"
    page = await expect(client.v1.payment_intents.search_async({"query": query, "limit": _PAGE}), _FOUND)
    # Metadata is matched without regard to case; and what the search says of a payment may be of an hour ago.
    found = [payment.id for payment in page.data if key_of(payment.metadata) == idempotency_key]
    return [await expect(client.v1.payment_intents.retrieve_async(reference), PaymentIntent) for reference in found]


async def payments_between(
    client: stripe.StripeClient, since: datetime, until: datetime
) -> AsyncIterator[GatewayPayment]:
    """Every payment made in that time, newest first. Raises InDoubt."""
    first, last = int(since.timestamp()), int(until.timestamp())
    wanted: Any = {"created": {"gte": first, "lt": last}, "expand": ["data.latest_charge"]}
    async for payment in _all(client, wanted):
        yield as_recorded(payment)


async def _all(client: stripe.StripeClient, wanted: dict[str, Any]) -> AsyncIterator[PaymentIntent]:
    """Page by page, each in our own shape: the SDK's own paging believes whatever comes."""
    last: str | None = None
    while True:
        place: dict[str, Any] = {"starting_after": last} if last else {}
        params: Any = {**wanted, **place, "limit": _PAGE}
        call: Awaitable[object] = client.v1.payment_intents.list_async(params)
        page = await expect(call, _FOUND)
        for payment in page.data:
            yield payment
        if not page.has_more:
            return
        if not page.data or page.data[-1].id == last:
            raise InDoubt("Stripe's list does not go on")
        last = page.data[-1].id
