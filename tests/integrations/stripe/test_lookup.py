"""Finding attempts at Stripe again, and reading its books for the nightly comparison."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card, GatewayPayment
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt


async def test_what_was_never_sent_is_not_found(gateway: StripeGateway, card: Card) -> None:
    assert await gateway.find_charge("never") is None
    assert (await gateway.find_charge("never", customer_reference=card.customer_reference, submitted_at=now())) is None


async def test_the_customers_list_knows_at_once_what_the_search_learns_later(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    request, submitted_at = a_request(card), now()
    paid = await gateway.charge(request)

    listed = await gateway.find_charge(
        request.idempotency_key, customer_reference=card.customer_reference, submitted_at=submitted_at
    )
    searched = await gateway.find_charge(request.idempotency_key)
    stripe.books.advance(timedelta(minutes=2))
    searched_later = await gateway.find_charge(request.idempotency_key)

    assert (listed, searched, searched_later) == (paid, None, paid)


async def test_what_was_in_doubt_for_days_is_found_by_search_and_not_charged_again(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    request = a_request(card)
    stripe.order(Fault.DROP_AFTER)
    with pytest.raises(InDoubt):
        await gateway.charge(request)
    stripe.books.advance(timedelta(days=3))

    found = await gateway.find_charge(request.idempotency_key)

    assert found is not None
    assert (found.state, found.amount_minor, found.currency) == ("succeeded", 1999, "EUR")
    # Why one asks first: after a day the key protects nothing.
    await gateway.charge(request)
    assert stripe.books.charged[request.idempotency_key] == 2
    again = await gateway.find_charge(request.idempotency_key)
    assert again is not None
    assert again.state == "succeeded"


async def test_a_failure_and_a_wish_for_the_customer_are_found_as_such(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.script(card.reference, Decline("insufficient_funds", "try_again_later"), "authenticate")
    failed, asked = a_request(card), a_request(card)
    answers = [await gateway.charge(failed), await gateway.charge(asked)]
    stripe.books.advance(timedelta(minutes=2))

    found = [await gateway.find_charge(request.idempotency_key) for request in (failed, asked)]

    assert found == answers
    assert [one.state for one in answers] == ["failed", "action_required"]


@pytest.mark.parametrize("key", ["it's", "a\\b", "'] OR status:'succeeded"])
async def test_a_key_is_looked_for_as_it_is(stripe: FakeStripe, gateway: StripeGateway, card: Card, key: str) -> None:
    paid = await gateway.charge(a_request(card, key=key))
    await gateway.charge(a_request(card, key=key.upper() + "x"))
    stripe.books.advance(timedelta(minutes=2))

    assert await gateway.find_charge(key) == paid


async def test_a_key_of_other_case_is_another_attempt(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    await gateway.charge(a_request(card, key="ABC"))
    stripe.books.advance(timedelta(minutes=2))

    assert await gateway.find_charge("abc") is None
    assert await gateway.find_charge("ABC") is not None


async def test_the_books_are_read_page_by_page_with_what_became_of_each(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    since = now() - timedelta(minutes=1)
    requests = [a_request(card, 1000 + place) for place in range(230)]
    for request in requests:
        await gateway.charge(request)
    stripe.script(card.reference, Decline("do_not_honor"), "authenticate")
    failed = await gateway.charge(a_request(card))
    asked = await gateway.charge(a_request(card))
    await gateway.refund(stripe.charges[0]["id"], 300, "refund-1")
    with stripe.books.lock:
        theirs = stripe.payments.create(
            {"amount": 777, "currency": "eur", "customer": card.customer_reference, "metadata": {"shop": "other"}}
        )

    books = [payment async for payment in gateway.payments_between(since, now() + timedelta(minutes=1))]

    assert len(books) == len({payment.reference for payment in books}) == 233
    by_reference = {payment.reference: payment for payment in books}
    assert by_reference[failed.gateway_reference].state == "failed"
    assert by_reference[asked.gateway_reference].state == "action_required"
    assert (by_reference[theirs["id"]].state, by_reference[theirs["id"]].idempotency_key) == ("pending", None)
    assert by_reference[stripe.charges[0]["id"]].refunded_minor == 300
    paid = {payment.idempotency_key: payment.amount_minor for payment in books if payment.state == "succeeded"}
    assert paid == {request.idempotency_key: request.amount_minor for request in requests}


async def test_the_books_of_two_days_that_meet_hold_each_payment_once(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    await gateway.charge(a_request(card))
    made_at = datetime.fromtimestamp(stripe.charges[0]["created"], UTC)

    days = [(made_at - timedelta(days=1), made_at), (made_at, made_at + timedelta(days=1))]
    books = [[payment async for payment in gateway.payments_between(*day)] for day in days]

    assert [len(day) for day in books] == [0, 1]


@pytest.mark.parametrize("fault", [Fault.NONSENSE, Fault.BAD_GATEWAY, Fault.HALF, Fault.HANG_BEFORE])
async def test_books_that_cannot_be_read_are_a_doubt_and_not_empty(
    stripe: FakeStripe, gateway: StripeGateway, card: Card, fault: Fault
) -> None:
    stripe.order(fault, "GET")

    with pytest.raises(InDoubt):
        await _all(gateway)

    stripe.order(fault, "GET", "/v1/payment_intents/search")
    with pytest.raises(InDoubt):
        await gateway.find_charge("anything")


async def _all(gateway: StripeGateway) -> list[GatewayPayment]:
    return [one async for one in gateway.payments_between(now() - timedelta(days=1), now() + timedelta(days=1))]
