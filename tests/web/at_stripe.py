"""A fake Stripe behind the pages, its events delivered when a test says so."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from integrations.gateways import gateway_for
from models.database import Record, fetch
from tests.factories import a_charge, a_customer, a_payment_method, a_subscription
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.webhooks import signed
from tests.gateway_jobs import apply_kept_events
from tests.web.browsing import Browser
from workflows.billing.collection.submit import submit_charge
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@contextmanager
def fake_stripe(monkeypatch: pytest.MonkeyPatch) -> Generator[FakeStripe]:
    """A fake Stripe that the application's settings name."""
    with FakeStripe() as fake:
        monkeypatch.setenv("STRIPE_SECRET_KEY", fake.secret_key)
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", fake.webhook_secret)
        monkeypatch.setenv("STRIPE_API_BASE", fake.url)
        settings.cache_clear()
        yield fake
        settings.cache_clear()


async def deliver(browser: Browser, marketplace: Marketplace, stripe: FakeStripe) -> None:
    """Stripe tells us all that happened so far, and a worker applies it."""
    for event in stripe.books.events:
        body, signature = signed(event, stripe.webhook_secret)
        answer = await browser.post(
            f"/webhooks/stripe/{marketplace.slug}", content=body, headers={"Stripe-Signature": signature}
        )
        assert answer.status_code == 200, answer.text
    await apply_kept_events()


async def a_payment_to_confirm(marketplace: Marketplace, card: str, customer: Record | None = None) -> Record:
    """The subscription whose renewal the bank wants its customer for; `card` as the marketplace's gateway knows it."""
    gateway = gateway_for(marketplace.gateway)
    known = await gateway.look_up_card(card)
    assert known is not None
    customer = customer or await a_customer(marketplace, gateway_reference=known.customer_reference)
    method = await a_payment_method(
        marketplace, customer, gateway=marketplace.gateway, reference=card, fingerprint=known.fingerprint
    )
    subscription = await a_subscription(
        marketplace, customer=customer, payment_method=method, payments_made=0, next_period=0
    )
    charge = await a_charge(marketplace, subscription=subscription, state="pending", gateway=marketplace.gateway)
    await submit_charge(marketplace.id, charge["id"], gateway)
    assert (await fetch("SELECT state FROM charge WHERE id = $1", charge["id"]))[0]["state"] == "action_required"
    return (await fetch("SELECT * FROM subscription WHERE id = $1", subscription["id"]))[0]
