"""Stripe's published test cards (https://docs.stripe.com/testing): what saving and charging each of them meets."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Decline:
    """A bank's no. `decline_code` and `advice_code` as in https://docs.stripe.com/declines/codes."""

    decline_code: str
    advice_code: str | None = None

    @property
    def code(self) -> str:
        """Some reasons have an error code of their own; the others are all card_declined."""
        own = ("expired_card", "incorrect_cvc", "processing_error", "incorrect_number")
        return self.decline_code if self.decline_code in own else "card_declined"


Step = Decline | Literal["succeed", "authenticate"]


@dataclass(frozen=True, slots=True)
class TestNumber:
    """`saved` and `charged` are None where the bank agrees; `asks` is when the customer must confirm."""

    __test__ = False

    brand: str = "visa"
    saved: Decline | None = None
    charged: Decline | None = None
    asks: Literal["never", "unless_set_up", "always"] = "never"
    disputed: Literal["fraudulent", "product_not_received", "inquiry"] | None = None
    refunds: Literal["succeeded", "pending", "failed"] = "succeeded"


# fmt: off
NUMBERS: dict[str, TestNumber] = {
    "4242424242424242": TestNumber(),
    "4000056655665556": TestNumber(),
    "5555555555554444": TestNumber("mastercard"),
    "378282246310005":  TestNumber("amex"),
    "6011111111111117": TestNumber("discover"),
    "3056930009020004": TestNumber("diners"),
    "3566002020360505": TestNumber("jcb"),
    "6200000000000005": TestNumber("unionpay"),
    "4000000000000002": TestNumber(saved=Decline("generic_decline")),
    "4000000000009995": TestNumber(saved=Decline("insufficient_funds")),
    "4000000000009987": TestNumber(saved=Decline("lost_card")),
    "4000000000009979": TestNumber(saved=Decline("stolen_card")),
    "4000000000000069": TestNumber(saved=Decline("expired_card")),
    "4000000000000127": TestNumber(saved=Decline("incorrect_cvc")),
    "4000000000000119": TestNumber(saved=Decline("processing_error")),
    "4242424242424241": TestNumber(saved=Decline("incorrect_number")),
    "4000000000006975": TestNumber(saved=Decline("card_velocity_exceeded")),
    "4000000000000341": TestNumber(charged=Decline("generic_decline")),
    "4000002500003155": TestNumber(asks="unless_set_up"),
    "4000002760003184": TestNumber(asks="always"),
    "4000008260003178": TestNumber(asks="always", charged=Decline("insufficient_funds")),
    "4000003800000446": TestNumber(),
    "4000000000000259": TestNumber(disputed="fraudulent"),
    "4000000000002685": TestNumber(disputed="product_not_received"),
    "4000000000001976": TestNumber(disputed="inquiry"),
    "4000000000007726": TestNumber(refunds="pending"),
    "4000000000005126": TestNumber(refunds="failed"),
}

METHODS: dict[str, str] = {  # ids that stand for a new card with that number
    "pm_card_visa":                                         "4242424242424242",
    "pm_card_visa_debit":                                   "4000056655665556",
    "pm_card_mastercard":                                   "5555555555554444",
    "pm_card_amex":                                         "378282246310005",
    "pm_card_discover":                                     "6011111111111117",
    "pm_card_diners":                                       "3056930009020004",
    "pm_card_jcb":                                          "3566002020360505",
    "pm_card_unionpay":                                     "6200000000000005",
    "pm_card_visa_chargeDeclined":                          "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds":         "4000000000009995",
    "pm_card_visa_chargeDeclinedLostCard":                  "4000000000009987",
    "pm_card_visa_chargeDeclinedStolenCard":                "4000000000009979",
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded":     "4000000000006975",
    "pm_card_chargeDeclinedExpiredCard":                    "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc":                   "4000000000000127",
    "pm_card_chargeDeclinedProcessingError":                "4000000000000119",
    "pm_card_chargeCustomerFail":                           "4000000000000341",
    "pm_card_authenticationRequiredOnSetup":                "4000002500003155",
    "pm_card_authenticationRequired":                       "4000002760003184",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_authenticationRequiredSetupForOffSession":     "4000003800000446",
    "pm_card_createDispute":                                "4000000000000259",
    "pm_card_createDisputeProductNotReceived":              "4000000000002685",
    "pm_card_createDisputeInquiry":                         "4000000000001976",
    "pm_card_pendingRefund":                                "4000000000007726",
    "pm_card_refundFail":                                   "4000000000005126",
}
# fmt: on
