"""Payments that want the customer: confirmed at their bank, refused there, or withdrawn."""

import asyncio

import httpx
import pytest

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card
from workflows.runtime.errors import InDoubt, NotFound

_BACK = "http://127.0.0.1:8000/portal/shop/subscriptions"


async def _asked(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> str:
    stripe.script(card.reference, "authenticate")
    outcome = await gateway.charge(a_request(card))
    assert outcome.state == "action_required"
    return outcome.gateway_reference


async def test_the_customer_confirms_at_the_bank_and_the_same_payment_pays(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _asked(stripe, gateway, card)

    confirmation = await gateway.start_confirmation(payment, _BACK)
    assert confirmation.outcome.state == "action_required"
    assert confirmation.url is not None
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(confirmation.url, data={"confirm": "yes"})

    assert (answer.status_code, answer.headers["location"]) == (303, _BACK)
    after = await gateway.start_confirmation(payment, _BACK)
    assert (after.url, after.outcome.state) == (None, "succeeded")
    assert [one["id"] for one in stripe.charges] == [payment]


async def test_a_second_click_leads_to_the_same_page(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    payment = await _asked(stripe, gateway, card)

    pages = {(await gateway.start_confirmation(payment, _BACK)).url for _ in range(3)}

    assert len(pages) == 1
    assert sum(call.path.endswith("/confirm") for call in stripe.calls) == 1


async def test_a_customer_who_refuses_or_has_no_money_leaves_it_failed(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    refused, poor = await _asked(stripe, gateway, card), await _asked(stripe, gateway, card)
    for payment in (refused, poor):
        await gateway.start_confirmation(payment, _BACK)

    stripe.payments.authenticate(refused, succeeds=False)
    stripe.books.meanings[card.reference].steps[:] = ["authenticate", Decline("insufficient_funds")]
    stripe.payments.authenticate(poor)

    outcomes = [(await gateway.start_confirmation(payment, _BACK)).outcome for payment in (refused, poor)]
    assert [one.state for one in outcomes] == ["failed", "failed"]
    assert [one.decline_code for one in outcomes] == ["payment_intent_authentication_failure", "insufficient_funds"]


async def test_a_bank_that_no_longer_asks_pays_on_the_spot(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _asked(stripe, gateway, card)
    stripe.books.meanings[card.reference].steps[:] = ["succeed"]

    confirmation = await gateway.start_confirmation(payment, _BACK)

    assert (confirmation.url, confirmation.outcome.state) == (None, "succeeded")


async def test_a_payment_that_simply_failed_is_not_tried_again_by_a_click(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.script(card.reference, Decline("insufficient_funds"))
    failed = await gateway.charge(a_request(card))

    confirmation = await gateway.start_confirmation(failed.gateway_reference, _BACK)

    assert (confirmation.url, confirmation.outcome.state) == (None, "failed")
    assert stripe.charges == []


async def test_a_withdrawn_payment_can_no_longer_be_confirmed(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _asked(stripe, gateway, card)

    outcomes = [await gateway.withdraw(payment) for _ in range(2)]

    assert [(one.state, one.decline_code) for one in outcomes] == [("failed", "canceled")] * 2
    confirmation = await gateway.start_confirmation(payment, _BACK)
    assert (confirmation.url, confirmation.outcome.state) == (None, "failed")


async def test_withdrawing_what_the_customer_has_paid_says_so(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    payment = await _asked(stripe, gateway, card)
    await gateway.start_confirmation(payment, _BACK)
    stripe.payments.authenticate(payment)

    assert (await gateway.withdraw(payment)).state == "succeeded"


async def test_withdrawing_while_the_customer_confirms_has_one_winner(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    for _ in range(30):
        payment = await _asked(stripe, gateway, card)
        await gateway.start_confirmation(payment, _BACK)

        async def confirm(reference: str = payment) -> bool:
            try:
                await asyncio.to_thread(stripe.payments.authenticate, reference)
            except AssertionError:  # no longer waiting for the customer
                return False
            return True

        paid, withdrawn = await asyncio.gather(confirm(), gateway.withdraw(payment))

        assert withdrawn.state == ("succeeded" if paid else "failed")


async def test_a_payment_that_is_not_there_is_not_found(gateway: StripeGateway) -> None:
    with pytest.raises(NotFound):
        await gateway.start_confirmation("pi_unknown", _BACK)
    with pytest.raises(NotFound):
        await gateway.withdraw("pi_unknown")


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.ERROR_500, Fault.BAD_GATEWAY, Fault.HTML_AFTER])
async def test_a_confirmation_or_withdrawal_unheard_is_a_doubt_and_can_be_repeated(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, fault: Fault
) -> None:
    payment = await _asked(stripe, gateway, card)
    stripe.order(fault, path=f"/v1/payment_intents/{payment}/confirm")
    stripe.order(fault, path=f"/v1/payment_intents/{payment}/cancel")

    with pytest.raises(InDoubt):
        await gateway.start_confirmation(payment, _BACK)
    assert (await gateway.start_confirmation(payment, _BACK)).url is not None
    with pytest.raises(InDoubt):
        await gateway.withdraw(payment)
    assert (await gateway.withdraw(payment)).state == "failed"
