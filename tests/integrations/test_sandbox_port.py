"""What the sandbox says to the rest of the gateway's port: confirmations, withdrawals, its books."""

from datetime import timedelta

import pytest

from integrations.gateways import gateway_for
from tests.conftest import FreshDatabase
from workflows.billing.gateway import Card, CardDetails, ChargeRequest, Outcome
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput, NotFound

pytestmark = pytest.mark.usefixtures("database")
_ASKS, _ASKS_THEN_DECLINES = "4000002760003184", "4000008260003178"


async def _card(number: str = "4242424242424242") -> Card:
    return await gateway_for("sandbox").take_card(CardDetails(number=number, exp_month=1, exp_year=now().year + 1))


async def _charge(card: Card, key: str) -> Outcome:
    request = ChargeRequest(idempotency_key=key, card_reference=card.reference, amount_minor=1999, currency="EUR")
    return await gateway_for("sandbox").charge(request)


@pytest.mark.parametrize(
    ("number", "state", "code"), [(_ASKS, "succeeded", None), (_ASKS_THEN_DECLINES, "failed", "insufficient_funds")]
)
async def test_a_confirmation_ends_as_the_card_means_it(number: str, state: str, code: str | None) -> None:
    asked = await _charge(await _card(number), "a")

    confirmation = await gateway_for("sandbox").start_confirmation(asked.gateway_reference, "http://127.0.0.1/back")

    assert asked.state == "action_required"
    assert (confirmation.url, confirmation.outcome.state, confirmation.outcome.decline_code) == (None, state, code)
    assert await gateway_for("sandbox").find_charge("a") == confirmation.outcome
    assert (await gateway_for("sandbox").withdraw(asked.gateway_reference)) == confirmation.outcome


async def test_a_withdrawn_payment_can_no_longer_be_confirmed() -> None:
    asked = await _charge(await _card(_ASKS), "a")

    withdrawn = await gateway_for("sandbox").withdraw(asked.gateway_reference)
    confirmation = await gateway_for("sandbox").start_confirmation(asked.gateway_reference, "http://127.0.0.1/back")

    assert (withdrawn.state, withdrawn.decline_code) == ("failed", "canceled")
    assert confirmation.outcome == withdrawn


async def test_a_payment_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        await gateway_for("sandbox").start_confirmation("ch_unknown", "http://127.0.0.1/back")
    with pytest.raises(NotFound):
        await gateway_for("sandbox").withdraw("re_unknown")


async def test_its_books_hold_each_payment_with_what_was_given_back() -> None:
    since, card = now() - timedelta(minutes=1), await _card()
    paid = [await _charge(card, f"k-{place}") for place in range(3)]
    await gateway_for("sandbox").refund(paid[0].gateway_reference, 500, "r-1")

    books = [one async for one in gateway_for("sandbox").payments_between(since, now() + timedelta(minutes=1))]
    before = [one async for one in gateway_for("sandbox").payments_between(since - timedelta(days=1), since)]

    assert [(one.idempotency_key, one.refunded_minor, one.state) for one in books] == [
        ("k-0", 500, "succeeded"),
        ("k-1", 0, "succeeded"),
        ("k-2", 0, "succeeded"),
    ]
    assert before == []


async def test_it_keeps_cards_and_has_no_form_for_them(database: FreshDatabase) -> None:
    gateway, card = gateway_for("sandbox"), await _card()

    assert await gateway.look_up_card(card.reference) == card
    assert await gateway.look_up_card("card_unknown") is None
    assert await gateway.read_card_setup("anything") is None
    with pytest.raises(InvalidInput):
        await gateway.start_card_setup(
            customer_reference=None, email="ada@example.com", return_url="http://x", cancel_url="http://x", metadata={}
        )
    customers = {
        await gateway.create_customer(email="a@example.com", name="", idempotency_key=key) for key in ("a", "a", "b")
    }
    assert len(customers) == 2
