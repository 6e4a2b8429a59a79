"""The test numbers that the sandbox gateway knows, and what each one meets.

Stripe's published ones keep Stripe's meaning (https://docs.stripe.com/testing). Those beginning with 9990 are
our own: no network issues cards there, and they stand for what Stripe has no number for.
"""

from dataclasses import dataclass
from typing import Literal

Meets = Literal[
    "success",
    "decline",
    "authentication",  # the customer must confirm at every charge
    "authentication_then_decline",  # confirmed, it is declined all the same
    "dispute",  # paid, then disputed
    "timeout_at_saving",  # the card may or may not have been kept
    "timeout_before",  # the first charge never arrives, and nobody says so
    "timeout_after",  # every charge pays, and its answer is lost
]


@dataclass(frozen=True, slots=True)
class TestCard:
    """A number's `brand` and what its charges meet; `refused` is the decline code of saving it at all, if it is."""

    __test__ = False  # no test case, whatever pytest thinks of the name

    brand: str
    refused: str | None = None
    meets: Meets = "success"
    decline_code: str | None = None


# fmt: off
TEST_CARDS: dict[str, TestCard] = {
    # they pay
    "4242424242424242": TestCard("visa"),
    "4000056655665556": TestCard("visa debit"),
    "5555555555554444": TestCard("mastercard"),
    "378282246310005":  TestCard("amex"),
    "6011111111111117": TestCard("discover"),
    "3056930009020004": TestCard("diners"),
    "3566002020360505": TestCard("jcb"),
    "6200000000000005": TestCard("unionpay"),
    # they cannot be saved
    "4000000000000002": TestCard("visa", refused="generic_decline"),
    "4000000000009995": TestCard("visa", refused="insufficient_funds"),
    "4000000000009987": TestCard("visa", refused="lost_card"),
    "4000000000009979": TestCard("visa", refused="stolen_card"),
    "4000000000000069": TestCard("visa", refused="expired_card"),
    "4000000000000127": TestCard("visa", refused="incorrect_cvc"),
    "4000000000000119": TestCard("visa", refused="processing_error"),
    "4242424242424241": TestCard("visa", refused="incorrect_number"),
    "4000000000006975": TestCard("visa", refused="card_velocity_exceeded"),
    # they can be saved, and charging them fails
    "4000000000000341": TestCard("visa", meets="decline", decline_code="generic_decline"),
    # they can be saved, and the customer must confirm each charge
    "4000002500003155": TestCard("visa", meets="authentication", decline_code="authentication_required"),
    "4000002760003184": TestCard("visa", meets="authentication", decline_code="authentication_required"),
    "4000008260003178": TestCard("visa", meets="authentication_then_decline", decline_code="authentication_required"),
    # they pay, and the customer disputes it
    "4000000000000259": TestCard("visa", meets="dispute"),

    # our own: saved, then declined with a code of choice
    "9990000000000011": TestCard("visa", meets="decline", decline_code="insufficient_funds"),
    "9990000000000029": TestCard("visa", meets="decline", decline_code="expired_card"),
    "9990000000000037": TestCard("visa", meets="decline", decline_code="stolen_card"),
    "9990000000000045": TestCard("visa", meets="decline", decline_code="lost_card"),
    "9990000000000052": TestCard("visa", meets="decline", decline_code="do_not_try_again"),
    "9990000000000060": TestCard("visa", meets="decline", decline_code="processing_error"),
    "9990000000000201": TestCard("visa", meets="decline", decline_code="pickup_card"),
    "9990000000000219": TestCard("visa", meets="decline", decline_code="restricted_card"),
    "9990000000000227": TestCard("visa", meets="decline", decline_code="fraudulent"),
    "9990000000000235": TestCard("visa", meets="decline", decline_code="invalid_account"),
    "9990000000000243": TestCard("visa", meets="decline", decline_code="transaction_not_allowed"),
    "9990000000000250": TestCard("visa", meets="decline", decline_code="revocation_of_authorization"),
    "9990000000000268": TestCard("visa", meets="decline", decline_code="revocation_of_all_authorizations"),
    "9990000000000276": TestCard("visa", meets="decline", decline_code="highest_risk_level"),
    "9990000000000284": TestCard("visa", meets="decline", decline_code="card_velocity_exceeded"),
    "9990000000000292": TestCard("visa", meets="decline", decline_code="withdrawal_count_limit_exceeded"),
    "9990000000000300": TestCard("visa", meets="decline", decline_code="issuer_not_available"),
    "9990000000000318": TestCard("visa", meets="decline", decline_code="try_again_later"),
    # our own: the gateway does not answer
    "9990000000000102": TestCard("visa", meets="timeout_before"),
    "9990000000000110": TestCard("visa", meets="timeout_after"),
    "9990000000000128": TestCard("visa", meets="timeout_at_saving"),
}
# fmt: on

AUTHENTICATED_DECLINE = "insufficient_funds"  # what 4000008260003178 meets once confirmed
