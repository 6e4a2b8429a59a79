"""Money given back through Stripe: never above what was paid, once per key, also when it is repeated after days."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe import refunds
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card, RefundRefused
from workflows.runtime.errors import InDoubt


async def _paid(gateway: StripeGateway, card: Card | str, amount_minor: int = 1999, currency: str = "EUR") -> str:
    return (await gateway.charge(a_request(card, amount_minor, currency))).gateway_reference


def _given_back(stripe: FakeStripe, payment: str) -> int:
    charge: dict[str, Any] = stripe.books.objects[stripe.books.objects[payment]["latest_charge"]]
    return charge["amount_refunded"]


async def test_a_refund_is_given_in_parts_and_no_further(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _paid(gateway, card)

    await gateway.refund(payment, 500, "r-1")
    await gateway.refund(payment, 1499, "r-2")
    with pytest.raises(RefundRefused):
        await gateway.refund(payment, 1, "r-3")

    assert _given_back(stripe, payment) == 1999


@pytest.mark.parametrize("amount_minor", [2000, 0, -1])
async def test_more_than_was_paid_or_nothing_is_refused(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, amount_minor: int
) -> None:
    payment = await _paid(gateway, card)

    with pytest.raises(RefundRefused):
        await gateway.refund(payment, amount_minor, "r-1")

    assert _given_back(stripe, payment) == 0


async def test_the_same_key_gives_back_once_also_after_days(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _paid(gateway, card)

    for _ in range(3):
        await gateway.refund(payment, 500, "r-1")
        stripe.books.advance(timedelta(days=2))

    assert _given_back(stripe, payment) == 500


async def test_twenty_racing_refunds_give_back_no_more_than_was_paid(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _paid(gateway, card)

    answers = await asyncio.gather(
        *(gateway.refund(payment, 500, f"r-{place}") for place in range(20)), return_exceptions=True
    )

    assert _given_back(stripe, payment) == 1500
    assert sum(answer is None for answer in answers) == 3


@pytest.mark.parametrize(
    "fault", [Fault.DROP_AFTER, Fault.HANG_AFTER, Fault.ERROR_500_AFTER, Fault.HTML_AFTER, Fault.BUSY]
)
async def test_a_refund_unheard_is_a_doubt_and_repeating_it_gives_back_once(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, fault: Fault
) -> None:
    payment = await _paid(gateway, card)
    stripe.order(fault, path="/v1/refunds")

    with pytest.raises(InDoubt):
        await gateway.refund(payment, 500, "r-1")
    await gateway.refund(payment, 500, "r-1")

    assert _given_back(stripe, payment) == 500


async def test_one_key_for_two_amounts_is_a_doubt(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    payment = await _paid(gateway, card)
    await gateway.refund(payment, 500, "r-1")

    with pytest.raises(InDoubt):
        await gateway.refund(payment, 600, "r-1")

    assert _given_back(stripe, payment) == 500


async def test_a_pending_refund_is_accepted_and_one_that_failed_is_refused_when_repeated(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    pending = await _paid(gateway, stripe.books.add_card(customer, "4000000000007726"))
    failing = await _paid(gateway, stripe.books.add_card(customer, "4000000000005126"))

    await gateway.refund(pending, 500, "r-1")
    await gateway.refund(failing, 500, "r-2")
    refunds.fail(stripe.books, stripe.books.all("refund")[0]["id"])

    with pytest.raises(RefundRefused):
        await gateway.refund(failing, 500, "r-2")


async def test_what_did_not_pay_or_is_not_there_has_nothing_to_give_back(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    failed = await _paid(gateway, stripe.books.add_card(customer, "4000000000000341"))
    disputed = await _paid(gateway, stripe.books.add_card(customer, "4000000000000259"))

    for payment in (failed, disputed, "pi_unknown", ""):
        with pytest.raises(RefundRefused):
            await gateway.refund(payment, 500, f"r-{payment}")


async def test_a_refund_is_translated_into_stripes_units(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _paid(gateway, card, 500, "ISK")

    await gateway.refund(payment, 200, "r-1")

    assert _given_back(stripe, payment) == 20_000
