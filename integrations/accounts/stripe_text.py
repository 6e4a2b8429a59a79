"""Stripe's values as a file would have them: amounts with their decimals, instants, text that can be stored."""

from datetime import UTC, datetime

from integrations.gateways.stripe_money import from_stripe
from workflows.importing.shapes import Problem
from workflows.languages.formatting import CURRENCIES, exponent
from workflows.runtime.errors import InDoubt


def amount(value: int, currency: str) -> str | Problem:
    """`1999` of `usd` as `19.99`; the problem for what is no amount of that currency, or no currency."""
    iso = currency.upper()
    if iso not in CURRENCIES:
        return Problem("currency", f"is none that Gatehouse knows: {iso}")
    try:
        minor, _ = from_stripe(value, iso)
    except InDoubt:
        return Problem("amount", f"is a fraction of the smallest amount of {iso}")
    places = exponent(iso)
    digits = str(abs(minor)).rjust(places + 1, "0")
    written = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{written}" if minor < 0 else written


def instant(epoch: int) -> str:
    """Seconds since 1970 as ISO 8601."""
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def storable(text: str | None) -> str:
    """Text without what PostgreSQL's jsonb cannot hold: NUL, and halves of characters."""
    return (text or "").replace("\0", "").encode("utf-8", "replace").decode()


def columns(**given: str | None) -> dict[str, str]:
    """A row's columns, the empty ones left out."""
    return {name: storable(value) for name, value in given.items() if value}
