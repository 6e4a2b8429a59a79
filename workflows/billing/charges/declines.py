"""What a gateway's decline code means for the next attempt. What the customer reads is in languages/decline_reasons.py.

Codes as Stripe publishes them (docs.stripe.com/declines/codes).
"""

from typing import Literal

Severity = Literal["soft", "hard", "customer"]  # try again; only with a new card; only with the customer


# Trying these again is forbidden by the networks (Visa's category 1, Mastercard's advice 03 and 21; Stripe's "do not
# retry"): only another card can pay.
_NEVER = frozenset({
    "highest_risk_level",
    "incorrect_number",
    "invalid_number",
    "lost_card",
    "no_card_on_file",
    "pickup_card",
    "revocation_of_all_authorizations",
    "revocation_of_authorization",
    "stolen_card",
    "transaction_not_allowed",
})  # fmt: skip
# Trying these again is useless before the card has changed, unless the bank advises otherwise.
_USELESS = frozenset({
    "do_not_try_again",
    "expired_card",
    "fraudulent",
    "invalid_account",
    "merchant_blacklist",
    "new_account_information_available",
    "restricted_card",
})  # fmt: skip
_NOT_AGAIN, _LATER = ("do_not_try_again", "confirm_card_data"), "try_again_later"


def effective_code(decline_code: str | None, advice_code: str | None) -> str | None:
    """The code to go by: the bank's own advice about trying again where it gave any, else the decline code."""
    if advice_code in _NOT_AGAIN:
        return "do_not_try_again"
    if advice_code == _LATER and decline_code in _USELESS:
        return _LATER
    return decline_code


def severity(decline_code: str | None) -> Severity:
    """Whether the same card may be tried again by itself. A code that nobody knows is soft: banks invent them."""
    if decline_code == "authentication_required":
        return "customer"
    return "hard" if decline_code in _NEVER or decline_code in _USELESS else "soft"
