"""The sandbox's card form: what may be typed into it. With a real gateway the form is the gateway's own."""

from datetime import datetime

from workflows.billing.gateway import CardDetails
from workflows.languages.sentences import sentence
from workflows.runtime.errors import InvalidInput

_FARTHEST_YEARS = 30


def check_card_form(details: CardDetails, at: datetime) -> CardDetails:
    """The details with spaces and dashes gone from the number. Raises InvalidInput naming each field that is wrong.

    Whether the number is a good one is the gateway's to say; here only what cannot be a card is refused.
    """
    number = details.number.replace(" ", "").replace("-", "")
    problems: dict[str, str] = {}
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        problems["number"] = sentence("Enter the card number: 12 to 19 digits.")
    if not 1 <= details.exp_month <= 12:
        problems["exp_month"] = sentence("Enter the month of expiry, 1 to 12.")
    elif (details.exp_year, details.exp_month) < (at.year, at.month):
        problems["exp_year"] = sentence("This card has expired.")
    if not at.year <= details.exp_year <= at.year + _FARTHEST_YEARS and "exp_year" not in problems:
        problems["exp_year"] = sentence("Enter the year of expiry in four digits.")
    cvc = details.cvc.strip()
    if cvc and not (cvc.isascii() and cvc.isdigit() and len(cvc) in (3, 4)):
        problems["cvc"] = sentence("Enter the security code: 3 or 4 digits.")
    if problems:
        raise InvalidInput(problems)
    return CardDetails(number=number, exp_month=details.exp_month, exp_year=details.exp_year, cvc=cvc)
