"""A fake Stripe for each test that wants one, and our gateway on it: impatient, and not trying again by itself."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe.fake import FakeStripe
from workflows.billing.gateway import Card


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def gateway(stripe: FakeStripe) -> AsyncIterator[StripeGateway]:
    gateway = StripeGateway(
        stripe.secret_key,
        stripe.url,
        [stripe.webhook_secret],
        timeout=timedelta(seconds=1),
        network_retries=0,
    )
    yield gateway
    await gateway.close()


@pytest.fixture
def customer(stripe: FakeStripe) -> str:
    """A customer's reference."""
    return stripe.books.add_customer("ada@example.com")


@pytest.fixture
async def card(stripe: FakeStripe, gateway: StripeGateway, customer: str) -> Card:
    """A saved card that pays."""
    card = await gateway.look_up_card(stripe.books.add_card(customer))
    assert card is not None
    return card
