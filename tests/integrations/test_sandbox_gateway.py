"""The sandbox gateway, as Stripe publishes its test numbers and as workflows/billing/gateway.py asks of every
gateway.
"""

import asyncio
import contextlib
import re
from pathlib import Path
from uuid import uuid4

import pytest

from integrations.gateways import UnknownGateway, gateway_for
from integrations.gateways.sandbox import KeyReused
from integrations.gateways.sandbox_cards import TEST_CARDS
from models.database import fetch, fetch_value, transaction
from workflows.billing.gateway import Card, CardDeclined, CardDetails, ChargeRequest, Gateway, RefundRefused
from workflows.runtime.errors import InDoubt, InvalidInput

pytestmark = pytest.mark.usefixtures("database")

# fmt: off
PAYS = {  # typed from https://docs.stripe.com/testing
    "4242424242424242": "visa",
    "4000056655665556": "visa debit",
    "5555555555554444": "mastercard",
    "378282246310005":  "amex",
    "6011111111111117": "discover",
    "3056930009020004": "diners",
    "3566002020360505": "jcb",
    "6200000000000005": "unionpay",
    "4000000000000259": "visa",
}
REFUSED = {
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000009979": "stolen_card",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
    "4242424242424241": "incorrect_number",
    "4000000000006975": "card_velocity_exceeded",
}
SAVED_THEN = {
    "4000000000000341": ("failed",          "generic_decline"),
    "4000002500003155": ("action_required", "authentication_required"),
    "4000002760003184": ("action_required", "authentication_required"),
    "4000008260003178": ("action_required", "authentication_required"),
    "9990000000000011": ("failed",          "insufficient_funds"),
    "9990000000000029": ("failed",          "expired_card"),
    "9990000000000037": ("failed",          "stolen_card"),
    "9990000000000045": ("failed",          "lost_card"),
    "9990000000000052": ("failed",          "do_not_try_again"),
    "9990000000000060": ("failed",          "processing_error"),
}
# fmt: on
TIMES_OUT_BEFORE, TIMES_OUT_AFTER = "9990000000000102", "9990000000000110"


@pytest.fixture
def gateway() -> Gateway:
    return gateway_for("sandbox")


async def a_card(gateway: Gateway, number: str = "4242424242424242") -> Card:
    return await gateway.take_card(CardDetails(number=number, exp_month=12, exp_year=2040, cvc="123"))


def of(card: Card, amount_minor: int = 1999, key: str | None = None) -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key or str(uuid4()), card_reference=card.reference, amount_minor=amount_minor, currency="USD"
    )


async def test_a_good_number_is_saved_and_pays(gateway: Gateway) -> None:
    for number, brand in PAYS.items():
        card = await a_card(gateway, number)

        outcome = await gateway.charge(of(card))

        assert (card.brand, card.last_four) == (brand, number[-4:])
        assert (outcome.state, outcome.decline_code) == ("succeeded", None)


async def test_a_bad_number_is_not_saved(gateway: Gateway) -> None:
    for number, decline_code in REFUSED.items():
        with pytest.raises(CardDeclined) as refused:
            await a_card(gateway, number)

        assert refused.value.decline_code == decline_code
    assert await fetch_value("SELECT count(*) FROM sandbox_card") == 0


async def test_some_numbers_are_saved_and_fail_when_charged(gateway: Gateway) -> None:
    for number, expected in SAVED_THEN.items():
        card = await a_card(gateway, number)

        outcome = await gateway.charge(of(card))

        assert (outcome.state, outcome.decline_code) == expected


async def test_any_other_number_is_refused_beside_its_field(gateway: Gateway) -> None:
    for number in ("4111111111111111", "4242", "", "not a number", "٤٢٤٢"):
        with pytest.raises(InvalidInput, match="published test number") as refused:
            await a_card(gateway, number)

        assert set(refused.value.fields) == {"number"}


async def test_spaces_and_dashes_in_a_number_do_not_matter(gateway: Gateway) -> None:
    card = await a_card(gateway, "4242-4242 4242 4242")

    assert card.last_four == "4242"


async def test_a_number_is_stored_nowhere(gateway: Gateway) -> None:
    card = await a_card(gateway, "5555555555554444")
    await gateway.charge(of(card))

    kept = [str(dict(row)) for table in ("sandbox_card", "sandbox_payment") for row in await fetch(f"TABLE {table}")]

    assert kept
    assert not [row for row in kept if "5555555555554444" in row or "55555555" in row]


async def test_the_same_card_has_the_same_fingerprint_and_another_reference(gateway: Gateway) -> None:
    first, second, other = await a_card(gateway), await a_card(gateway), await a_card(gateway, "5555555555554444")

    assert first.fingerprint == second.fingerprint != other.fingerprint
    assert first.reference != second.reference


async def test_one_key_charges_once_however_often_it_comes(gateway: Gateway) -> None:
    request = of(await a_card(gateway))

    outcomes = await asyncio.gather(*(gateway.charge(request) for _ in range(6)))

    assert len({outcome.gateway_reference for outcome in outcomes}) == 1
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_a_failure_is_repeated_under_its_key_and_another_key_is_another_attempt(gateway: Gateway) -> None:
    card = await a_card(gateway, "4000000000000341")
    request = of(card)

    first, again, anew = await gateway.charge(request), await gateway.charge(request), await gateway.charge(of(card))

    assert first == again
    assert anew.gateway_reference != first.gateway_reference


async def test_a_key_that_comes_back_with_another_amount_is_refused(gateway: Gateway) -> None:
    card = await a_card(gateway)
    await gateway.charge(of(card, 1999, "one"))

    with pytest.raises(KeyReused):
        await gateway.charge(of(card, 2000, "one"))


async def test_a_charge_is_found_by_its_key_and_one_that_never_came_is_not(gateway: Gateway) -> None:
    outcome = await gateway.charge(of(await a_card(gateway), key="came"))

    assert await gateway.find_charge("came") == outcome
    assert await gateway.find_charge("never came") is None


async def test_a_time_out_before_the_money_moved_leaves_nothing_and_the_next_try_pays(gateway: Gateway) -> None:
    request = of(await a_card(gateway, TIMES_OUT_BEFORE), key="doubtful")

    with pytest.raises(InDoubt):
        await gateway.charge(request)

    assert await gateway.find_charge("doubtful") is None
    assert (await gateway.charge(request)).state == "succeeded"


async def test_a_time_out_after_the_money_moved_is_known_when_asked(gateway: Gateway) -> None:
    request = of(await a_card(gateway, TIMES_OUT_AFTER), key="doubtful")

    with pytest.raises(InDoubt):
        await gateway.charge(request)
    found = await gateway.find_charge("doubtful")

    assert found is not None
    assert found.state == "succeeded"
    assert await gateway.charge(request) == found
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_what_the_gateway_did_stays_done_when_the_caller_rolls_back(gateway: Gateway) -> None:
    request = of(await a_card(gateway), key="moved")

    with contextlib.suppress(ZeroDivisionError):
        async with transaction():
            await gateway.charge(request)
            raise ZeroDivisionError

    assert await gateway.find_charge("moved") is not None


async def test_a_card_that_the_gateway_does_not_know_fails_and_wants_a_new_one(gateway: Gateway) -> None:
    request = ChargeRequest(idempotency_key="k", card_reference="card_gone", amount_minor=1999, currency="USD")

    outcome = await gateway.charge(request)

    assert (outcome.state, outcome.decline_code) == ("failed", "invalid_account")


async def test_a_refund_goes_out_once_per_key_and_never_above_what_was_paid(gateway: Gateway) -> None:
    paid = await gateway.charge(of(await a_card(gateway), 1000))

    await gateway.refund(paid.gateway_reference, 600, "first")
    await gateway.refund(paid.gateway_reference, 600, "first")
    with pytest.raises(RefundRefused):
        await gateway.refund(paid.gateway_reference, 401, "second")
    await gateway.refund(paid.gateway_reference, 400, "third")

    assert (
        await fetch_value("SELECT refunded_minor FROM sandbox_payment WHERE reference = $1", paid.gateway_reference)
        == 1000
    )
    assert await gateway.find_charge("first") is None  # a refund is no charge


async def test_two_refunds_at_once_never_give_back_more_than_was_paid(gateway: Gateway) -> None:
    paid = await gateway.charge(of(await a_card(gateway), 1000))

    results = await asyncio.gather(
        *(gateway.refund(paid.gateway_reference, 600, str(uuid4())) for _ in range(4)), return_exceptions=True
    )

    assert [type(result) for result in results if result is not None] == [RefundRefused] * 3


async def test_what_was_never_paid_is_not_refunded(gateway: Gateway) -> None:
    failed = await gateway.charge(of(await a_card(gateway, "4000000000000341")))

    for reference in (failed.gateway_reference, "ch_invented"):
        with pytest.raises(RefundRefused):
            await gateway.refund(reference, 1, str(uuid4()))


def test_an_unknown_gateway_is_named_in_the_error() -> None:
    with pytest.raises(UnknownGateway, match="'strype'"):
        gateway_for("strype")


def test_the_published_table_of_numbers_is_the_gateways() -> None:
    """Each number's line says its brand and its code: what it meets is told in words that a person can check."""
    text = (Path(__file__).parents[2] / "docs" / "test-numbers.md").read_text()
    published = {row[0]: row[1:] for row in re.findall(r"^\| `(\d+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)}

    assert list(published) == list(TEST_CARDS)
    for number, card in TEST_CARDS.items():
        brand, meets = published[number]
        code = card.refused or (card.decline_code if card.meets == "decline" else None)
        assert brand == card.brand
        assert (
            (f"`{code}`" in meets) if code else ("declined" in meets) == (card.meets == "authentication_then_decline")
        )


def test_every_number_of_our_own_passes_the_check_that_forms_make() -> None:
    for number in TEST_CARDS:
        if number.startswith("9990"):
            digits = [int(digit) for digit in reversed(number)]
            doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
            assert (sum(digits[::2]) + sum(doubled)) % 10 == 0, number


CODES = [  # what decides about the next attempt, one way or the other
    *("lost_card", "stolen_card", "pickup_card", "transaction_not_allowed", "highest_risk_level", "incorrect_number"),
    *("revocation_of_authorization", "revocation_of_all_authorizations", "expired_card", "fraudulent"),
    *("restricted_card", "invalid_account", "do_not_try_again", "insufficient_funds", "generic_decline"),
    *("processing_error", "card_velocity_exceeded", "issuer_not_available", "authentication_required"),
]


@pytest.mark.parametrize("code", CODES)
def test_every_code_that_decides_something_has_a_number(code: str) -> None:
    assert code in {code for card in TEST_CARDS.values() for code in (card.decline_code, card.refused)}
