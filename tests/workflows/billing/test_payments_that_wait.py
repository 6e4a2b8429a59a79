"""Payments that wait for their customer, and whose event was lost: asked about every hour, and settled as told.

Nobody who is confirming at that moment is disturbed.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from integrations.gateways import gateway_for
from integrations.gateways.stripe import StripeGateway
from models.database import Record, execute, fetch, fetch_row, fetch_value
from tasks.jobs import sweeps
from tests.factories import a_charge, a_customer, a_marketplace, a_payment_method, a_subscription
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from workflows.billing.collection.submit import charges_that_wait, settle_charge, submit_charge, withdraw_at_gateway
from workflows.billing.gateway import CardDetails, Gateway
from workflows.engine.actor import CLOCK
from workflows.engine.fire import Move, fire
from workflows.machines import CHARGE, SUBSCRIPTION
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import InDoubt

pytestmark = pytest.mark.usefixtures("database")
_WANTS_CUSTOMER, _LATER = "4000002760003184", timedelta(minutes=20)
_BACK = "http://127.0.0.1:8000/back"


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def at_stripe(stripe: FakeStripe) -> AsyncIterator[StripeGateway]:
    gateway = StripeGateway(stripe.secret_key, stripe.url, timeout=timedelta(seconds=1), network_retries=0)
    yield gateway
    await gateway.close()


async def _due(marketplace: Marketplace, gateway: Gateway, card: str) -> Record:
    """A renewal that is about to be put to the gateway."""
    known = await gateway.look_up_card(card)
    assert known is not None
    customer = await a_customer(marketplace, gateway_reference=known.customer_reference)
    method = await a_payment_method(marketplace, customer, gateway=marketplace.gateway, reference=card)
    subscription = await a_subscription(
        marketplace, customer=customer, payment_method=method, payments_made=0, next_period=0
    )
    return await a_charge(marketplace, subscription=subscription, state="pending", gateway=marketplace.gateway)


async def _waiting(stripe: FakeStripe, gateway: StripeGateway) -> Record:
    """One that Stripe wants the customer for."""
    marketplace = await a_marketplace(gateway="stripe", sandbox=False)
    card = stripe.books.add_card(stripe.books.add_customer("jane@example.com"), _WANTS_CUSTOMER)
    charge = await _due(marketplace, gateway, card)
    await submit_charge(marketplace.id, charge["id"], gateway)
    row = await fetch_row("SELECT * FROM charge")
    assert row is not None
    assert row["state"] == "action_required"
    return row


async def _asked(charge: Record, gateway: Gateway) -> str:
    await settle_charge(charge["marketplace_id"], charge["id"], gateway)
    return await fetch_value("SELECT state FROM charge WHERE id = $1", charge["id"])


async def test_one_that_was_paid_and_whose_event_was_lost_is_settled(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    charge = await _waiting(stripe, at_stripe)
    await at_stripe.start_confirmation(charge["gateway_reference"], _BACK)
    stripe.payments.authenticate(charge["gateway_reference"])

    assert await _asked(charge, at_stripe) == "succeeded"
    assert await _asked(charge, at_stripe) == "succeeded"

    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert await fetch_value("SELECT state FROM dunning_case") == "recovered"
    assert sum(stripe.books.charged.values()) == await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_one_that_was_cancelled_there_has_failed_and_the_policy_goes_on(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    charge = await _waiting(stripe, at_stripe)
    stripe.payments.cancel(stripe.books.objects[charge["gateway_reference"]], {})

    assert await _asked(charge, at_stripe) == "failed"

    case = await fetch_row("SELECT state, attempts_made, next_attempt_at - opened_at AS pause FROM dunning_case")
    assert case is not None
    assert tuple(case) == ("open", 1, timedelta(days=3))


async def test_a_customer_at_their_bank_is_not_disturbed(stripe: FakeStripe, at_stripe: StripeGateway) -> None:
    charge = await _waiting(stripe, at_stripe)
    assert await _asked(charge, at_stripe) == "action_required"
    await at_stripe.start_confirmation(charge["gateway_reference"], _BACK)

    assert await _asked(charge, at_stripe) == "action_required"

    stripe.payments.authenticate(charge["gateway_reference"])
    assert sum(stripe.books.charged.values()) == 1


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.BAD_GATEWAY, Fault.HANG_BEFORE], ids=lambda one: one.name)
async def test_a_gateway_that_does_not_say_changes_nothing(
    stripe: FakeStripe, at_stripe: StripeGateway, fault: Fault
) -> None:
    charge = await _waiting(stripe, at_stripe)
    stripe.order(fault, "GET")

    with pytest.raises(InDoubt):
        await _asked(charge, at_stripe)

    assert await fetch_value("SELECT state FROM charge") == "action_required"


async def test_a_sandbox_confirmation_that_nobody_wrote_down_is_found_by_the_hourly_question() -> None:
    gateway, marketplace = gateway_for("sandbox"), await a_marketplace()
    details = CardDetails(number=_WANTS_CUSTOMER, exp_month=1, exp_year=now().year + 1)
    charge = await _due(marketplace, gateway, (await gateway.take_card(details)).reference)
    await submit_charge(marketplace.id, charge["id"], gateway)
    reference = await fetch_value("SELECT gateway_reference FROM charge")
    await gateway.start_confirmation(reference, _BACK)

    assert await charges_that_wait() == []  # an event may still be on its way
    with frozen(now() + _LATER):
        await sweeps.listen()
        await sweeps.listen()
    staged = await fetch("SELECT args FROM outbox WHERE actor = 'charge.settle'")
    assert [row["args"]["id"] for row in staged] == [str(charge["id"])]
    assert await _asked(charge, gateway) == "succeeded"

    with frozen(now() + _LATER):
        assert await charges_that_wait() == []


async def test_a_charge_whose_subscription_ended_on_its_way_asks_nobody_to_confirm_it(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    marketplace = await a_marketplace(gateway="stripe", sandbox=False)
    card = stripe.books.add_card(stripe.books.add_customer("jane@example.com"), _WANTS_CUSTOMER)
    charge = await _due(marketplace, at_stripe, card)
    stripe.order(Fault.HANG_AFTER)
    stripe.hangs_for = timedelta(seconds=0)
    with pytest.raises(InDoubt):
        await submit_charge(marketplace.id, charge["id"], at_stripe)
    ended = {"next_charge_at": None, "ended_at": now()}
    await fire(SUBSCRIPTION, marketplace.id, charge["subscription_id"], "cancel", Move(CLOCK, "test"), set_=ended)

    await submit_charge(marketplace.id, charge["id"], at_stripe)

    assert await fetch_value("SELECT state FROM charge") == "failed"
    job = await fetch_row("SELECT actor, args FROM outbox WHERE actor = 'charge.withdraw'")
    assert job is not None
    await withdraw_at_gateway(marketplace.id, charge["id"], at_stripe)
    assert stripe.books.all("payment_intent")[0]["status"] == "canceled"


async def test_a_payment_that_the_gateway_has_lost_stands_in_nobodys_way(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    charge = await _waiting(stripe, at_stripe)
    del stripe.books.objects[charge["gateway_reference"]]
    await fire(CHARGE, charge["marketplace_id"], charge["id"], "withdraw", Move(CLOCK, "test"))

    await withdraw_at_gateway(charge["marketplace_id"], charge["id"], at_stripe)  # its job ends
    subscription = await fetch_row("SELECT * FROM subscription")
    assert subscription is not None
    good = stripe.books.add_card(stripe.books.all("customer")[0]["id"])
    await execute("UPDATE payment_method SET reference = $1", good)
    marketplace = await marketplace_by_id(charge["marketplace_id"])
    another = await a_charge(marketplace, subscription=subscription, state="pending", period=0, gateway="stripe")
    await submit_charge(marketplace.id, another["id"], at_stripe)

    assert await fetch_value("SELECT state FROM charge WHERE id = $1", another["id"]) == "succeeded"
