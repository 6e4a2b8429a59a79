"""Cards saved through Stripe's own form, and looked up again."""

from datetime import timedelta

import pytest

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe import setups
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card, CardDetails, CardSetup
from workflows.runtime.errors import InDoubt, InvalidInput

_BACK, _CANCEL = "http://127.0.0.1:8000/portal/shop/card/token", "http://127.0.0.1:8000/portal/shop/subscriptions"


async def _form(gateway: StripeGateway, customer: str | None) -> CardSetup:
    return await gateway.start_card_setup(
        customer_reference=customer,
        email="ada@example.com",
        return_url=_BACK,
        cancel_url=_CANCEL,
        metadata={"subscription": "1001"},
    )


async def test_a_card_saved_in_the_form_can_be_charged(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    form = await _form(gateway, customer)
    assert form.url.startswith(stripe.url)
    assert await gateway.read_card_setup(form.reference) is None

    saved = stripe.complete_setup(form.reference, "5555555555554444", (7, 2031))
    card = await gateway.read_card_setup(form.reference)

    assert card is not None
    assert (card.reference, card.brand, card.last_four) == (saved, "mastercard", "4444")
    assert (card.exp_month, card.exp_year, card.customer_reference) == (7, 2031, customer)
    assert (await gateway.charge(a_request(card))).state == "succeeded"


async def test_the_form_is_open_for_an_hour_and_carries_what_it_was_given(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    form = await _form(gateway, customer)

    session = stripe.books.objects[form.reference]
    assert abs(session["expires_at"] - session["created"] - 3600) < 30
    assert session["metadata"] == {"subscription": "1001"}
    assert (session["success_url"], session["cancel_url"]) == (_BACK, _CANCEL)


async def test_two_clicks_of_a_new_customer_make_one_customer(stripe: FakeStripe, gateway: StripeGateway) -> None:
    first, second = await _form(gateway, None), await _form(gateway, None)

    assert first.reference != second.reference
    assert first.customer_reference == second.customer_reference
    assert [one["email"] for one in stripe.books.all("customer")] == ["ada@example.com"]


async def test_a_customer_is_made_once_per_key(stripe: FakeStripe, gateway: StripeGateway) -> None:
    made = {
        await gateway.create_customer(email="ada@example.com", name=name, idempotency_key=key)
        for name, key in [("Ada", "a"), ("Ada", "a"), ("", "b")]
    }

    assert len(made) == 2


async def test_a_declined_number_saves_nothing_and_the_form_stays_open(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    form = await _form(gateway, customer)

    with pytest.raises(setups.CardNotSaved):
        stripe.complete_setup(form.reference, "4000000000000002")

    assert await gateway.read_card_setup(form.reference) is None
    stripe.complete_setup(form.reference)
    assert await gateway.read_card_setup(form.reference) is not None


async def test_forms_that_ended_otherwise_or_never_were_have_no_card(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    expired, removed = await _form(gateway, customer), await _form(gateway, customer)
    setups.expire(stripe.books, expired.reference)
    stripe.detach(stripe.complete_setup(removed.reference))

    for reference in (expired.reference, removed.reference, "cs_test_unknown", "nonsense", "../customers"):
        assert await gateway.read_card_setup(reference) is None


async def test_a_card_that_asks_only_until_it_is_set_up_pays_afterwards(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    form = await _form(gateway, customer)
    set_up = stripe.complete_setup(form.reference, "4000002500003155")
    attached = stripe.books.add_card(customer, "4000002500003155")

    states = [(await gateway.charge(a_request(one))).state for one in (set_up, attached)]

    assert states == ["succeeded", "action_required"]


async def test_a_card_is_looked_up_while_it_is_somebodys(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    assert await gateway.look_up_card(card.reference) == card
    stripe.detach(card.reference)
    for reference in (card.reference, "pm_unknown", "4242424242424242", "", "cus_1"):
        assert await gateway.look_up_card(reference) is None


async def test_numbers_are_never_taken(stripe: FakeStripe, gateway: StripeGateway) -> None:
    assert gateway.hosted_form
    with pytest.raises(InvalidInput):
        await gateway.take_card(CardDetails(number="4242424242424242", exp_month=1, exp_year=2040))
    assert stripe.calls == []


@pytest.mark.parametrize("fault", [Fault.HANG_BEFORE, Fault.ERROR_500, Fault.BAD_GATEWAY, Fault.NONSENSE, Fault.BUSY])
async def test_a_form_that_did_not_open_is_a_doubt(
    stripe: FakeStripe, gateway: StripeGateway, customer: str, fault: Fault
) -> None:
    stripe.order(fault, path="/v1/checkout/sessions")

    with pytest.raises(InDoubt):
        await _form(gateway, customer)


async def test_what_stripe_refuses_to_open_is_a_doubt_too(gateway: StripeGateway) -> None:
    with pytest.raises(InDoubt):
        await _form(gateway, "cus_unknown")


async def test_a_card_that_could_not_be_looked_up_is_a_doubt_and_not_gone(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.order(Fault.BAD_GATEWAY, "GET", f"/v1/payment_methods/{card.reference}")

    with pytest.raises(InDoubt):
        await gateway.look_up_card(card.reference)


async def test_a_gateway_that_answers_slowly_is_waited_for(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.latency = timedelta(milliseconds=200)

    assert (await gateway.charge(a_request(card))).state == "succeeded"
    assert stripe.cut_in_flight == 0
