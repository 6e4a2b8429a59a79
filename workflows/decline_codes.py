"""What a gateway's decline code means for the customer, in words that help and accuse nobody.

Codes as Stripe publishes them (docs.stripe.com/declines/codes). A card reported lost or stolen is told as a plain
decline: the person at the screen may be its thief.
"""

_PLAIN = "The bank declined the payment without saying why."

# fmt: off
_WORDS = {
    "insufficient_funds":            "There was not enough money on the card.",
    "expired_card":                  "The card has expired.",
    "incorrect_number":              "The card number is wrong.",
    "invalid_account":               "The card's account is closed or cannot be used.",
    "authentication_required":       "The bank wants you to confirm the payment.",
    "card_velocity_exceeded":        "The card is over its limit.",
    "withdrawal_count_limit_exceeded": "The card is over its limit.",
    "processing_error":              "The bank could not process the payment at that moment.",
    "issuer_not_available":          "The bank could not be reached.",
}
# fmt: on


def in_plain_words(decline_code: str | None) -> str:
    """One sentence for the customer."""
    return _WORDS.get(decline_code or "", _PLAIN)
