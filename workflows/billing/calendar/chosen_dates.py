"""A day that staff choose for something to come: which days may be chosen, and when such a day begins."""

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workflows.billing.subscriptions.portal_list import billing_offset
from workflows.billing.subscriptions.views import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import InvalidInput

FARTHEST = timedelta(days=731)  # two years: the longest pause that somebody arranges, and short of a mistyped century
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def today(marketplace: Marketplace) -> date:
    """The day that it is where the marketplace is, by its clock."""
    return local_day(marketplace, marketplace_now(billing_offset(marketplace)))


def choosable_days(marketplace: Marketplace) -> tuple[date, date]:
    """The first and the last day that may be chosen, by the marketplace's clock and calendar: tomorrow, and in two
    years. Today has begun: what is to happen today is done now, by an act that says so."""
    begun = today(marketplace)
    return begun + timedelta(days=1), begun + FARTHEST


def local_day(marketplace: Marketplace, at: datetime) -> date:
    """The day of an instant where the marketplace is."""
    return at.astimezone(ZoneInfo(marketplace.time_zone)).date()


def check_day(marketplace: Marketplace, day: date, field: str) -> None:
    """Raises InvalidInput, naming `field`, for a day that may not be chosen."""
    first, last = choosable_days(marketplace)
    if not first <= day <= last:
        raise InvalidInput({field: f"Choose a day from {first.isoformat()} to {last.isoformat()}."})


def read_day(text: str, field: str) -> date:
    """A day as `YYYY-MM-DD`. Raises InvalidInput, naming `field`."""
    if _DAY.fullmatch(text.strip()):
        with suppress(ValueError):  # 2026-02-30
            return date.fromisoformat(text.strip())
    raise InvalidInput({field: "Enter a day as YYYY-MM-DD, like 2026-12-31."})


def beginning_of(marketplace: Marketplace, day: date) -> datetime:
    """The instant at which the day begins where the marketplace is."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(marketplace.time_zone))
