"""A day that staff choose for something to come: which days may be chosen, and when such a day begins."""

from datetime import date, timedelta

from workflows.marketplaces.days import today
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import InvalidInput

FARTHEST = timedelta(days=731)  # two years: the longest pause that somebody arranges, and short of a mistyped century


def choosable_days(marketplace: Marketplace) -> tuple[date, date]:
    """The first and the last day that may be chosen, by the marketplace's clock and calendar: tomorrow, and in two
    years. Today has begun: what is to happen today is done now, by an act that says so."""
    begun = today(marketplace)
    return begun + timedelta(days=1), begun + FARTHEST


def check_day(marketplace: Marketplace, day: date, field: str) -> None:
    """Raises InvalidInput, naming `field`, for a day that may not be chosen."""
    first, last = choosable_days(marketplace)
    if not first <= day <= last:
        raise InvalidInput({field: f"Choose a day from {first.isoformat()} to {last.isoformat()}."})
