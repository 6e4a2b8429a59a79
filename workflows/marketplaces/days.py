"""Calendar days in a marketplace's time zone, by its clock."""

import re
from contextlib import suppress
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import InvalidInput

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def local_day(marketplace: Marketplace, at: datetime) -> date:
    """The day of an instant where the marketplace is."""
    return at.astimezone(ZoneInfo(marketplace.time_zone)).date()


def beginning_of(marketplace: Marketplace, day: date) -> datetime:
    """The instant at which the day begins where the marketplace is."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(marketplace.time_zone))


def read_day(text: str, field: str) -> date:
    """A day as `YYYY-MM-DD`. Raises InvalidInput, naming `field`."""
    if _DAY.fullmatch(text.strip()):
        with suppress(ValueError):  # 2026-02-30
            return date.fromisoformat(text.strip())
    raise InvalidInput({field: "Enter a day as YYYY-MM-DD, like 2026-12-31."})


def today(marketplace: Marketplace) -> date:
    """The day that it is where the marketplace is, by its clock."""
    return local_day(marketplace, marketplace_now(billing_offset(marketplace)))
