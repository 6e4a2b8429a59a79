"""Our charges put to Stripe by the real workflow on the real database: one period, one payment, whatever is unheard."""

import asyncio
from datetime import timedelta

import pytest

from integrations.gateways.stripe import StripeGateway
from models.database import Record, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_marketplace, a_payment_method, a_subscription
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from workflows.billing.collection.submit import submit_charge
from workflows.billing.gateway import Card
from workflows.runtime.errors import InDoubt


async def _due(card: Card) -> Record:
    """A pending charge of that card."""
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    method = await a_payment_method(marketplace, customer, reference=card.reference, fingerprint=card.fingerprint)
    subscription = await a_subscription(
        marketplace, customer=customer, payment_method=method, payments_made=0, next_period=0
    )
    return await a_charge(marketplace, subscription=subscription, state="pending")


async def _submit(charge: Record, gateway: StripeGateway) -> None:
    await submit_charge(charge["marketplace_id"], charge["id"], gateway)


async def test_a_paid_charge_is_written_down_with_stripes_reference(
    database: FreshDatabase, stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    charge = await _due(card)

    await _submit(charge, gateway)

    row = await fetch_row("SELECT state, gateway_reference FROM charge")
    assert row is not None
    assert (row["state"], row["gateway_reference"]) == ("succeeded", stripe.charges[0]["id"])
    assert (stripe.charges[0]["amount"], stripe.charges[0]["currency"]) == (
        charge["amount_minor"],
        charge["currency"].lower(),
    )


@pytest.mark.parametrize(
    "fault",
    [Fault.HANG_AFTER, Fault.HANG_BEFORE, Fault.ERROR_500_AFTER, Fault.HTML_AFTER, Fault.OTHER_AMOUNT, Fault.BUSY],
    ids=lambda fault: fault.name,
)
async def test_an_unheard_charge_stays_pending_and_is_settled_once(
    database: FreshDatabase, stripe: FakeStripe, gateway: StripeGateway, card: Card, fault: Fault
) -> None:
    charge = await _due(card)
    stripe.order(fault)

    with pytest.raises(InDoubt):
        await _submit(charge, gateway)
    assert await fetch_value("SELECT state FROM charge") == "pending"
    stripe.books.advance(timedelta(minutes=2))
    for _ in range(3):
        await _submit(charge, gateway)

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert stripe.books.charged == {charge["idempotency_key"]: 1}
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_ten_workers_at_one_charge_pay_once(
    database: FreshDatabase, stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    charge = await _due(card)
    stripe.latency = timedelta(milliseconds=50)

    await asyncio.gather(*(_submit(charge, gateway) for _ in range(10)), return_exceptions=True)
    await _submit(charge, gateway)

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert stripe.books.charged == {charge["idempotency_key"]: 1}


async def test_a_decline_opens_a_case_with_the_banks_code(
    database: FreshDatabase, stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    charge = await _due(card)
    stripe.script(card.reference, Decline("insufficient_funds", "try_again_later"))

    await _submit(charge, gateway)

    assert await fetch_value("SELECT decline_code FROM charge") == "insufficient_funds"
    assert await fetch_value("SELECT state FROM subscription") == "failed_charge"
    assert await fetch_value("SELECT last_decline_code FROM dunning_case") == "insufficient_funds"
