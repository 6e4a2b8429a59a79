"""The nightly comparison, against the sandbox's books and those of a fake Stripe."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.gateways import gateway_for
from integrations.gateways.stripe import StripeGateway
from models.database import Record, execute, fetch, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_payment_method, a_subscription
from tests.fakes.stripe import refunds
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from workflows.billing.collection.submit import submit_charge
from workflows.billing.gateway import CardDetails, ChargeRequest, Gateway
from workflows.billing.reconciliation.differences import list_differences
from workflows.billing.reconciliation.nightly import compare_payments
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt

pytestmark = pytest.mark.usefixtures("database")
LATER = timedelta(hours=1)  # when nothing of what a test did is in flight any more
VISA = CardDetails(number="4242424242424242", exp_month=1, exp_year=now().year + 1)


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def at_stripe(stripe: FakeStripe) -> AsyncIterator[StripeGateway]:
    gateway = StripeGateway(stripe.secret_key, stripe.url, timeout=timedelta(seconds=1), network_retries=0)
    yield gateway
    await gateway.close()


async def _due(marketplace: Marketplace, gateway: Gateway, card: str, **columns: Any) -> Record:
    """A pending charge with a card that the gateway knows."""
    known = await gateway.look_up_card(card)
    assert known is not None
    customer = await a_customer(marketplace, gateway_reference=known.customer_reference)
    method = await a_payment_method(marketplace, customer, gateway=marketplace.gateway, reference=card)
    subscription = await a_subscription(
        marketplace, customer=customer, payment_method=method, payments_made=0, next_period=0
    )
    return await a_charge(
        marketplace, subscription=subscription, state="pending", gateway=marketplace.gateway, **columns
    )


async def _paid(marketplace: Marketplace, gateway: Gateway, card: str) -> Record:
    charge = await _due(marketplace, gateway, card)
    await submit_charge(marketplace.id, charge["id"], gateway)
    return (await fetch("SELECT * FROM charge WHERE id = $1", charge["id"]))[0]


async def _found(marketplace: Marketplace) -> list[tuple[str, str, str, str]]:
    shown = await list_differences(marketplace.id)
    return sorted((one.kind, one.reference, one.ours, one.theirs) for one in shown)


async def _sandbox_card() -> str:
    return (await gateway_for("sandbox").take_card(VISA)).reference


async def test_the_sandboxs_books_agree_with_ours_also_with_two_marketplaces_in_them() -> None:
    gateway, shops = gateway_for("sandbox"), [await a_marketplace(), await a_marketplace()]
    for shop in shops:
        charge = await _paid(shop, gateway, await _sandbox_card())
        await gateway.refund(charge["gateway_reference"], 500, "r" + shop.slug)
        await execute("UPDATE charge SET refunded_minor = 500 WHERE id = $1", charge["id"])

    assert await compare_payments("sandbox", gateway, now() + LATER) == 0
    assert await fetch("SELECT FROM reconciliation_difference") == []


async def test_each_kind_is_found_in_the_sandboxs_books() -> None:
    gateway, shop = gateway_for("sandbox"), await a_marketplace()
    card = await _sandbox_card()
    amount, state = [await _paid(shop, gateway, card) for _ in range(2)]
    lost = await a_charge(shop, gateway_reference="ch_lost")  # their books never had it
    await gateway.charge(ChargeRequest(idempotency_key="?", card_reference=card, amount_minor=7, currency="USD"))
    await execute("UPDATE sandbox_payment SET amount_minor = 5 WHERE reference = $1", amount["gateway_reference"])
    await execute("UPDATE sandbox_payment SET status = 'failed' WHERE reference = $1", state["gateway_reference"])
    unknown = await fetch_value("SELECT reference FROM sandbox_payment WHERE idempotency_key = '?'")

    assert await compare_payments("sandbox", gateway, now() + LATER) == 4

    assert await _found(shop) == [
        ("amount", amount["gateway_reference"], "1999 USD", "5 USD"),
        ("state", state["gateway_reference"], "succeeded", "failed"),
        ("unknown_here", unknown, "nothing", "7 USD"),
        ("unknown_there", lost["gateway_reference"], "1999 USD", "nothing"),
    ]
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'succeeded'") == 3  # nothing is mended


async def test_what_is_in_flight_tonight_is_not_reported() -> None:
    gateway, shop = gateway_for("sandbox"), await a_marketplace()
    card = await _sandbox_card()
    pending = await _due(shop, gateway, card)
    await gateway.charge(
        ChargeRequest(
            idempotency_key=pending["idempotency_key"], card_reference=card, amount_minor=1999, currency="USD"
        )
    )
    just_paid = await a_charge(shop)  # moved this very minute
    await gateway.charge(ChargeRequest(idempotency_key="?", card_reference=card, amount_minor=7, currency="USD"))

    assert await compare_payments("sandbox", gateway) == 0

    assert await fetch_value("SELECT state FROM charge WHERE id = $1", pending["id"]) == "pending"
    assert just_paid["state"] == "succeeded"


async def test_a_payment_that_nobody_knows_is_told_to_no_merchant_where_several_share_the_account() -> None:
    gateway, shops = gateway_for("sandbox"), [await a_marketplace(), await a_marketplace()]
    request = ChargeRequest(idempotency_key="?", card_reference=await _sandbox_card(), amount_minor=7, currency="USD")
    await gateway.charge(request)

    assert await compare_payments("sandbox", gateway, now() + LATER) == 1

    assert [await list_differences(shop.id) for shop in shops] == [[], []]


async def test_stripes_books_agree_and_what_is_not_ours_there_is_left_alone(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    shop = await a_marketplace(gateway="stripe", sandbox=False)
    customer = stripe.books.add_customer("jane@example.com")
    for _ in range(3):
        await _paid(shop, at_stripe, stripe.books.add_card(customer))
    with stripe.books.lock:
        till = {
            "amount": 777,
            "currency": "eur",
            "customer": customer,
            "payment_method": stripe.books.add_card(customer),
        }
        stripe.payments.create({**till, "confirm": True})

    assert await compare_payments("stripe", at_stripe, now() + LATER) == 0


async def test_a_refund_and_an_answer_that_we_never_heard_of_are_found_at_stripe(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    shop = await a_marketplace(gateway="stripe", sandbox=False)
    card = stripe.books.add_card(stripe.books.add_customer("jane@example.com"))
    refunded = await _paid(shop, at_stripe, card)
    refunds.create(stripe.books, {"payment_intent": refunded["gateway_reference"], "amount": 500})
    stripe.order(Fault.DROP_AFTER)  # the money moved, nobody heard: the charge stays pending, and is asked about
    unheard = await _due(shop, at_stripe, card)
    with pytest.raises(InDoubt):
        await submit_charge(shop.id, unheard["id"], at_stripe)

    await compare_payments("stripe", at_stripe, now() + LATER)
    first = (await list_differences(shop.id))[0]
    await compare_payments("stripe", at_stripe, now() + LATER)

    (found,) = await list_differences(shop.id)
    assert (found.kind, found.ours, found.theirs) == ("amount", "1999 USD", "1999 USD, 500 refunded")
    assert (found.charge, found.reference, found.gateway) == (refunded["id"], refunded["gateway_reference"], "stripe")
    assert (found.order, found.subscription is not None) == (refunded["order_number"], True)
    assert found.first_seen_at == first.first_seen_at
    assert found.last_seen_at > first.last_seen_at


async def test_a_difference_that_is_gone_stays_with_the_night_it_was_last_seen(
    stripe: FakeStripe, at_stripe: StripeGateway
) -> None:
    shop = await a_marketplace(gateway="stripe", sandbox=False)
    card = stripe.books.add_card(stripe.books.add_customer("jane@example.com"))
    charge = await _paid(shop, at_stripe, card)
    refund = refunds.create(stripe.books, {"payment_intent": charge["gateway_reference"], "amount": 500})
    await compare_payments("stripe", at_stripe, now() + LATER)
    before = await list_differences(shop.id)
    await execute("UPDATE charge SET refunded_minor = $1", refund["amount"])

    assert await compare_payments("stripe", at_stripe, now() + LATER) == 0

    assert await list_differences(shop.id) == before


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE, Fault.ERROR_500, Fault.BAD_GATEWAY, Fault.NONSENSE, Fault.HALF])
async def test_books_that_cannot_be_read_make_no_difference_and_are_asked_for_again(
    stripe: FakeStripe, at_stripe: StripeGateway, fault: Fault
) -> None:
    shop = await a_marketplace(gateway="stripe", sandbox=False)
    await _paid(shop, at_stripe, stripe.books.add_card(stripe.books.add_customer("jane@example.com")))
    stripe.order(fault, "GET")

    with pytest.raises(InDoubt):
        await compare_payments("stripe", at_stripe, now() + LATER)

    assert await list_differences(shop.id) == []


async def test_a_marketplace_that_moved_to_another_gateway_is_still_known_at_the_first() -> None:
    gateway, shop = gateway_for("sandbox"), await a_marketplace()
    await _paid(shop, gateway, await _sandbox_card())
    await execute("UPDATE marketplace SET gateway = 'stripe', sandbox = false")

    assert await compare_payments("sandbox", gateway, now() + LATER) == 0


async def test_a_payment_given_up_and_confirmed_after_all_is_told_of_by_the_charge_that_it_paid() -> None:
    gateway, shop = gateway_for("sandbox"), await a_marketplace()
    paid = await _paid(shop, gateway, await _sandbox_card())
    given_up = await a_charge(shop, state="failed", gateway_reference=paid["gateway_reference"])
    swapped = "UPDATE sandbox_payment SET idempotency_key = $1"
    await execute(swapped, given_up["idempotency_key"])

    assert await compare_payments("sandbox", gateway, now() + LATER) == 0
