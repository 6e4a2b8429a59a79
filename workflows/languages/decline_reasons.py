"""What the customer reads for a gateway's decline code, in plain words that do not accuse the customer.

A card reported lost or stolen is shown as a plain decline: the person at the screen may be its thief.
"""

from workflows.languages.sentences import sentence

# fmt: off
_WORDS = {
    "insufficient_funds":            sentence("There was not enough money on the card."),
    "expired_card":                  sentence("The card has expired."),
    "incorrect_number":              sentence("The card number is wrong."),
    "invalid_account":               sentence("The card's account is closed or cannot be used."),
    "authentication_required":       sentence("The bank wants you to confirm the payment."),
    "card_velocity_exceeded":        sentence("The card is over its limit."),
    "withdrawal_count_limit_exceeded": sentence("The card is over its limit."),
    "processing_error":              sentence("The bank could not process the payment at that moment."),
    "issuer_not_available":          sentence("The bank could not be reached."),
}
# fmt: on

_PLAIN = sentence("The bank declined the payment without saying why.")


def reason_for_customer(decline_code: str | None) -> str:
    """One sentence for the customer, in English; languages.sentences.say puts it into theirs."""
    return _WORDS.get(decline_code or "", _PLAIN)
