"""What was charged stays with its gateway: asked about, given back and heard of there, wherever its shop has gone."""

from collections.abc import Iterator

import httpx
import pytest

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch_row, fetch_value
from tasks.jobs import charges
from tests.factories import a_charge, a_customer, a_marketplace, a_payment_method, a_subscription
from tests.fakes.stripe import refunds
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.fakes.stripe.webhooks import signed
from tests.gateway_jobs import apply_kept_events
from tests.web.at_stripe import fake_stripe
from workflows.billing.charges.refunds import refund_charge
from workflows.billing.collection.submit import submit_charge
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import InDoubt


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    with fake_stripe(monkeypatch) as fake:
        yield fake


@pytest.fixture
async def marketplace(stripe: FakeStripe, api: httpx.AsyncClient) -> Marketplace:
    return await a_marketplace(gateway="stripe", sandbox=False)


async def _due(marketplace: Marketplace, stripe: FakeStripe) -> Record:
    reference = stripe.books.add_customer("jane@example.com")
    customer = await a_customer(marketplace, gateway_reference=reference)
    method = await a_payment_method(
        marketplace, customer, gateway="stripe", reference=stripe.books.add_card(reference), fingerprint="fp"
    )
    subscription = await a_subscription(marketplace, customer=customer, payment_method=method, next_period=0)
    return await a_charge(marketplace, subscription=subscription, state="pending", gateway="stripe")


async def _leaves_stripe() -> None:
    """What a merchant does once nothing there is to be charged any more."""
    await execute("UPDATE marketplace SET gateway = 'sandbox', sandbox = true")


async def test_a_payment_is_given_back_by_the_gateway_that_took_it(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe, key: dict[str, str]
) -> None:
    charge = await _due(marketplace, stripe)
    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))
    await _leaves_stripe()

    answer = await api.post(f"/api/v1/charges/{charge['id']}/refunds", json={"amount_minor": 500}, headers=key)

    assert (answer.status_code, answer.json()["status"]) == (201, "succeeded"), answer.text
    assert [refund["amount"] for refund in stripe.books.all("refund")] == [500]
    assert await fetch_value("SELECT moved_by FROM charge") != "gateway:sandbox"


async def test_the_jobs_ask_it_too(api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe) -> None:
    charge = await _due(marketplace, stripe)
    stripe.order(Fault.ERROR_500_AFTER)
    with pytest.raises(InDoubt):
        await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))
    await _leaves_stripe()

    await charges.settle(marketplace_id=marketplace.id, id=charge["id"])
    paid = await fetch_row("SELECT state, moved_by FROM charge")
    assert paid is not None
    assert tuple(paid) == ("succeeded", "gateway:stripe")

    stripe.order(Fault.ERROR_500, "GET", "/v1/refunds", times=None)
    refund = await refund_charge(marketplace, charge["id"], None, gateway_for("stripe"), Actor("staff", charge["id"]))
    assert refund.status == "pending"
    stripe.behave()
    await charges.give_back(marketplace_id=marketplace.id, id=refund.id)

    assert await fetch_value("SELECT state FROM charge") == "refunded"
    assert len(stripe.books.all("refund")) == 1


async def test_a_gateway_that_was_left_is_still_heard_of_its_payments(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    charge = await _due(marketplace, stripe)
    await submit_charge(marketplace.id, charge["id"], gateway_for("stripe"))
    payment = await fetch_value("SELECT gateway_reference FROM charge")
    await _leaves_stripe()
    refunds.create(stripe.books, {"payment_intent": payment, "amount": 700})

    for event in stripe.books.events:
        body, signature = signed(event, stripe.webhook_secret)
        headers = {"Stripe-Signature": signature}
        answer = await api.post(f"/webhooks/stripe/{marketplace.slug}", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
    assert await apply_kept_events() == 0

    assert await fetch_value("SELECT refunded_minor FROM charge") == 700
    assert await fetch_value("SELECT DISTINCT gateway FROM gateway_event") == "stripe"
    never_there = await a_marketplace()
    assert (await api.post(f"/webhooks/stripe/{never_there.slug}", content=b"{}")).status_code == 404


async def test_a_payment_that_waits_for_its_customer_keeps_the_gateway(
    api: httpx.AsyncClient, marketplace: Marketplace, stripe: FakeStripe, key: dict[str, str]
) -> None:
    await a_charge(marketplace, state="action_required", gateway="stripe")

    answer = await api.patch("/api/v1/marketplace", headers=key, json={"gateway": "sandbox"})

    assert answer.status_code == 422
    assert "on its way" in answer.json()["errors"][0]["rule"]
