"""When the next charge falls: calendar months in the marketplace's time zone, anchored to the first charge's day.

31 January → 28 February → 31 March: each date is counted from the anchor, never from the date before.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workflows.marketplaces.tenant import Marketplace


def charge_at(anchor_at: datetime, period: int, unit: str, count: int, time_zone: str) -> datetime:
    """The instant (UTC) at which period number `period` is charged; period 0 is the anchor itself.

    `unit` is day, week, month or year, `count` how many of them make an interval. The local time of day stays the
    anchor's; where a clock change skips it, the hour after the gap counts.
    """
    zone = ZoneInfo(time_zone)
    local = anchor_at.astimezone(zone)
    day = _shifted(local.date(), unit, count * period)
    wall = datetime.combine(day, local.time(), tzinfo=zone).replace(fold=local.fold)
    return wall.astimezone(UTC)


def period_at(anchor_at: datetime, at: datetime, unit: str, count: int) -> int | None:
    """The period that begins at an instant, counted in UTC as gateways do; None where none of the calendar's does.

    Half a day off is the same day still: calendars in two time zones, of which one changes its clocks. Negative before
    the anchor.
    """
    days = (at - anchor_at).total_seconds() / 86_400 / {"day": 1, "week": 7, "month": 30.436875, "year": 365.2425}[unit]
    likely = round(days / count)
    near = min(
        range(likely - 1, likely + 2), key=lambda period: abs(charge_at(anchor_at, period, unit, count, "UTC") - at)
    )
    return near if abs(charge_at(anchor_at, near, unit, count, "UTC") - at) < timedelta(hours=12) else None


def _shifted(day: date, unit: str, steps: int) -> date:
    if unit in ("day", "week"):
        return day + timedelta(days=steps * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + steps * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_charge(marketplace: Marketplace, subscription: Any, period: int) -> datetime:
    """When a subscription's period is due, by its anchor and the marketplace's calendar."""
    return charge_at(
        subscription["anchor_at"],
        period - subscription["anchor_period"],
        subscription["interval_unit"],
        subscription["interval_count"],
        marketplace.time_zone,
    )
