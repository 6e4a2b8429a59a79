"""Our minor units (ISO 4217) and Stripe's amounts, which differ for a few currencies.

Source: https://docs.stripe.com/currencies#special-cases. Stripe keeps two decimals for ISK and UGX, which have none,
and none for MGA, which ISO gives two.
"""

from workflows.languages.formatting import exponent
from workflows.runtime.errors import InDoubt

_STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}


class AmountNotRepresentable(ValueError):
    """Raised when an amount of ours has no exact counterpart at Stripe."""


def to_stripe(amount_minor: int, currency: str) -> tuple[int, str]:
    """(amount, currency) as Stripe writes them. Raises AmountNotRepresentable."""
    amount = _shift(amount_minor, _extra_decimals(currency))
    if amount is None:
        raise AmountNotRepresentable(f"{amount_minor} of {currency}")
    return amount, currency.lower()


def from_stripe(amount: int, currency: str) -> tuple[int, str]:
    """(amount in minor units, ISO code) from Stripe's. Raises InDoubt for what no amount of ours can have become."""
    iso = currency.upper()
    amount_minor = _shift(amount, -_extra_decimals(iso))
    if amount_minor is None:
        raise InDoubt(f"Stripe says {amount} of {iso}, which is no amount of it")
    return amount_minor, iso


def _extra_decimals(iso: str) -> int:
    return _STRIPE_DECIMALS.get(iso, exponent(iso)) - exponent(iso)


def _shift(amount: int, places: int) -> int | None:
    """The amount with the decimal point moved; None where something would be lost."""
    if places >= 0:
        return amount * 10**places
    whole, rest = divmod(amount, 10**-places)
    return None if rest else whole
