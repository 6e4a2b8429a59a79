"""Charging through Stripe: each attempt once, every answer understood, every silence a doubt."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
import structlog

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card, GatewayBusy
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt


async def test_a_charge_pays_the_amount_and_says_so(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    request = a_request(card)

    outcome = await gateway.charge(request)

    assert (outcome.state, outcome.amount_minor, outcome.currency) == ("succeeded", 1999, "EUR")
    [payment] = stripe.charges
    assert (payment["id"], payment["amount"], payment["currency"]) == (outcome.gateway_reference, 1999, "eur")
    assert payment["metadata"] == {"gatehouse_charge": request.idempotency_key}


async def test_the_same_key_is_the_same_charge(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    request = a_request(card)

    outcomes = {(await gateway.charge(request)).gateway_reference for _ in range(3)}

    assert len(outcomes) == 1
    assert stripe.books.charged == {request.idempotency_key: 1}
    assert [call.replayed for call in stripe.calls if call.method == "POST"] == [False, True, True]


async def test_fifty_callers_with_one_key_charge_once(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    request = a_request(card)
    stripe.latency = timedelta(milliseconds=50)

    answers = await asyncio.gather(*(gateway.charge(request) for _ in range(50)), return_exceptions=True)

    assert stripe.books.charged == {request.idempotency_key: 1}
    assert {type(answer).__name__ for answer in answers} <= {"Outcome", "InDoubt"}
    assert 409 in {call.status for call in stripe.calls}


async def test_a_card_known_by_its_reference_alone_is_charged(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    outcome = await gateway.charge(a_request(card.reference))

    assert outcome.state == "succeeded"
    assert stripe.charges[0]["customer"] == card.customer_reference


@pytest.mark.parametrize(
    "decline",
    [
        Decline("insufficient_funds", "try_again_later"),
        Decline("do_not_honor", "do_not_try_again"),
        Decline("expired_card", "confirm_card_data"),
        Decline("stolen_card"),
        Decline("processing_error"),
        Decline("generic_decline"),
    ],
    ids=lambda decline: decline.decline_code,
)
async def test_a_decline_has_the_banks_code_and_its_advice(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, decline: Decline
) -> None:
    stripe.script(card.reference, decline)
    request = a_request(card)

    outcome = await gateway.charge(request)

    assert (outcome.state, outcome.decline_code, outcome.advice_code) == (
        "failed",
        decline.decline_code,
        decline.advice_code,
    )
    assert outcome.gateway_reference.startswith("pi_")
    assert await gateway.charge(request) == outcome  # Stripe keeps failures too
    assert (await gateway.charge(a_request(card))).state == "succeeded"
    assert stripe.books.charged[request.idempotency_key] == 0


async def test_a_card_that_attaches_and_then_fails_fails(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    outcome = await gateway.charge(a_request(stripe.books.add_card(customer, "4000000000000341")))

    assert (outcome.state, outcome.decline_code) == ("failed", "generic_decline")


async def test_a_bank_that_wants_the_customer_asks_for_action(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    outcome = await gateway.charge(a_request(stripe.books.add_card(customer, "4000002760003184")))

    assert (outcome.state, outcome.decline_code) == ("action_required", "authentication_required")
    assert outcome.gateway_reference.startswith("pi_")
    assert stripe.charges == []


async def test_a_card_removed_at_the_gateway_fails_without_money(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.detach(card.reference)

    outcome = await gateway.charge(a_request(card))

    assert (outcome.state, outcome.decline_code) == ("failed", "invalid_account")
    assert (await gateway.charge(a_request(card.reference))).decline_code == "invalid_account"
    assert (await gateway.charge(a_request("pm_never_there"))).decline_code == "invalid_account"
    assert (await gateway.charge(a_request("../../etc"))).decline_code == "invalid_account"
    assert stripe.charges == []


async def test_a_card_removed_after_an_unheard_charge_does_not_hide_it(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.order(Fault.DROP_AFTER)
    request = a_request(card.reference)
    with pytest.raises(InDoubt):
        await gateway.charge(request)
    stripe.detach(card.reference)

    with pytest.raises(InDoubt):  # not "failed": the key was used, by a charge that paid
        await gateway.charge(request)

    stripe.books.advance(timedelta(minutes=2))
    found = await gateway.find_charge(request.idempotency_key)
    assert found is not None
    assert found.state == "succeeded"


async def test_a_card_kept_for_another_of_stripes_customers_is_charged_in_that_ones_name(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    """A checkout that makes a new customer at Stripe for each order: we know the last one, the card is the first's."""
    later = stripe.books.add_customer()
    request = a_request(msgspec.structs.replace(card, customer_reference=later))
    submitted_at = now()

    outcome = await gateway.charge(request)
    found = await gateway.find_charge(request.idempotency_key, customer_reference=later, submitted_at=submitted_at)

    assert outcome.state == "succeeded"
    assert [payment["customer"] for payment in stripe.charges] == [card.customer_reference]
    assert found is None  # the search learns of it later; until then the key keeps it from being paid twice
    stripe.books.advance(timedelta(minutes=2))
    found = await gateway.find_charge(request.idempotency_key, customer_reference=later, submitted_at=submitted_at)
    assert found == outcome
    stripe.books.advance(timedelta(hours=25))
    assert await gateway.find_charge(request.idempotency_key, customer_reference=later, submitted_at=submitted_at)


async def test_such_a_charge_unheard_is_a_doubt_until_it_is_found(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    later = stripe.books.add_customer()
    request = a_request(msgspec.structs.replace(card, customer_reference=later))
    stripe.order(Fault.ERROR_500_AFTER, times=2)  # the first try is refused for its customer, the second one pays
    for _ in range(2):
        with pytest.raises(InDoubt):  # again: the key was used in other words
            await gateway.charge(request)

    stripe.books.advance(timedelta(minutes=2))
    found = await gateway.find_charge(request.idempotency_key, customer_reference=later, submitted_at=now())

    assert found is not None
    assert found.state == "succeeded"
    assert stripe.books.charged == {request.idempotency_key: 1}


@pytest.mark.parametrize(
    ("amount_minor", "currency", "code"),
    [
        (1999, "XTS", "invalid_request"),
        (1, "EUR", "amount_too_small"),
        (10**9, "EUR", "amount_too_large"),
        (12345, "MGA", "invalid_amount"),
    ],
)
async def test_what_stripe_cannot_charge_fails_with_a_code(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, amount_minor: int, currency: str, code: str
) -> None:
    outcome = await gateway.charge(a_request(card, amount_minor, currency))

    assert (outcome.state, outcome.decline_code, outcome.gateway_reference) == ("failed", code, "")
    assert stripe.charges == []


@pytest.mark.parametrize(
    ("amount_minor", "currency", "stripes"),
    [(1999, "EUR", 1999), (500, "JPY", 500), (500, "ISK", 50_000), (3700, "UGX", 370_000), (12300, "MGA", 123)],
)
async def test_amounts_are_translated_and_come_back_as_ours(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, amount_minor: int, currency: str, stripes: int
) -> None:
    outcome = await gateway.charge(a_request(card, amount_minor, currency))

    assert stripe.charges[0]["amount"] == stripes
    assert (outcome.state, outcome.amount_minor, outcome.currency) == ("succeeded", amount_minor, currency)


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
async def test_whatever_goes_wrong_is_a_doubt_and_asking_ends_in_one_charge(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, fault: Fault
) -> None:
    request, submitted_at = a_request(card), now()
    stripe.order(fault)
    with pytest.raises(InDoubt):
        await gateway.charge(request)
    assert stripe.met[fault] == 1
    if fault is Fault.ERROR_500:
        stripe.books.advance(timedelta(hours=25))  # its key answers 500 for a day

    found = await gateway.find_charge(
        request.idempotency_key, customer_reference=card.customer_reference, submitted_at=submitted_at
    )
    outcome = found or await gateway.charge(request)

    assert outcome.state == "succeeded"
    assert stripe.books.charged == {request.idempotency_key: 1}


async def test_a_busy_gateway_says_so_and_is_a_doubt_all_the_same(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.order(Fault.BUSY)

    with pytest.raises(GatewayBusy) as busy:
        await gateway.charge(a_request(card))

    assert isinstance(busy.value, InDoubt)


@pytest.mark.parametrize("fault", [Fault.OTHER_AMOUNT, Fault.OTHER_CURRENCY, Fault.OTHER_PAYMENT])
async def test_an_answer_about_something_else_is_logged(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, fault: Fault
) -> None:
    stripe.order(fault)
    request = a_request(card)

    with structlog.testing.capture_logs() as logs, pytest.raises(InDoubt):
        await gateway.charge(request)

    [row] = [row for row in logs if row["event"] == "stripe answered about another payment"]
    assert (row["log_level"], row["asked"], row["asked_minor"]) == ("error", request.idempotency_key, 1999)


async def test_no_log_row_has_a_secret_or_what_was_sent(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as logs:
        for fault in (Fault.NONSENSE, Fault.HTML_AFTER, Fault.UNAUTHORIZED, Fault.NONSENSE_ERROR):
            stripe.order(fault)
            with pytest.raises(InDoubt):
                await gateway.charge(a_request(card))
        stripe.script(card.reference, Decline("stolen_card"))
        await gateway.charge(a_request(card))

    text = f"{logs} {caplog.text}"
    assert logs
    assert stripe.secret_key not in text
    assert "_secret_" not in text
    assert card.reference not in text


async def test_a_dropped_connection_is_tried_again_under_the_same_key(stripe: FakeStripe, card: Card) -> None:
    patient = StripeGateway(stripe.secret_key, stripe.url, timeout=timedelta(seconds=1))
    stripe.order(Fault.DROP_AFTER)
    request = a_request(card)

    outcome = await patient.charge(request)
    await patient.close()

    assert outcome.state == "succeeded"
    assert stripe.books.charged == {request.idempotency_key: 1}
    assert [(call.status, call.replayed) for call in stripe.calls if call.method == "POST"] == [(0, False), (200, True)]


async def test_an_attempt_sent_again_in_other_words_is_a_doubt(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    request = a_request(card)
    await gateway.charge(request)

    with pytest.raises(InDoubt):
        await gateway.charge(a_request(card, 2999, key=request.idempotency_key))

    assert [payment["amount"] for payment in stripe.charges] == [1999]


@pytest.mark.parametrize(
    ("key", "base"),
    [("", None), ("pk_test_public", None), ("sk_test_x", "http://example.com"), ("sk_test_x", "ftp://x")],
)
def test_a_key_or_address_that_cannot_be_meant_is_refused_without_repeating_it(key: str, base: str | None) -> None:
    with pytest.raises(ValueError, match="STRIPE_") as refused:
        StripeGateway(key, base)

    assert not key or key not in str(refused.value)
