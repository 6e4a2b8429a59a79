"""When a monthly subscription is to be charged, written from PRODUCT.md 4.1 alone and without any library's calendar:
days are counted one by one, and each zone's clock changes by the rule that its country publishes.

"Months are calendar months in the marketplace's time zone, counted from the first charge's day (31 January, 28
February, 31 March)." The time of day stays too; one that is skipped comes an hour later, of two that are alike the
first is meant.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

# Local times of first charges. In 2031 and 2032 they meet February with 28 and 29 days, hours that New York, Berlin and
# Auckland skip, one that Berlin has twice, and evenings that are another day's morning in UTC.
HARD_STARTS = ("2031-01-28 02:30", "2031-01-30 02:15", "2031-01-31 02:30", "2031-01-31 23:45", "2031-02-09 02:30")
BEFORE_THEM = datetime(2031, 1, 27, tzinfo=UTC)
CHARGES_IN_TWO_YEARS = 25  # the first, and one a month


def _sunday(year: int, month: int, which: int) -> datetime:
    """The first Sunday of a month (1), the second (2), the last (-1), at midnight."""
    days = [datetime(year, month, 1, tzinfo=UTC) + number * _DAY for number in range(31)]
    return [day for day in days if day.month == month and day.isoweekday() == 7][which - (which > 0)]


class Zone(NamedTuple):
    """A zone's offset in winter, and when its clocks go forward and back in a year (UTC); None where they never do."""

    winter: timedelta
    forward: Callable[[int], datetime] | None = None
    back: Callable[[int], datetime] | None = None

    def is_summer(self, at: datetime) -> bool:
        if self.forward is None or self.back is None:
            return False
        forward, back = self.forward(at.year), self.back(at.year)
        return forward <= at < back if forward < back else not back <= at < forward

    def reading(self, at: datetime) -> datetime:
        """What the clocks on the wall show at that instant."""
        return at.astimezone(UTC).replace(tzinfo=None) + self.winter + self.is_summer(at) * _HOUR

    def instant(self, wall: datetime) -> datetime:
        """When the clocks show that."""
        in_winter = (wall - self.winter).replace(tzinfo=UTC)
        shown = [at for at in (in_winter - _HOUR, in_winter) if self.reading(at) == wall]
        return (shown or [in_winter])[0]


# fmt: off
ZONES = {
    "America/New_York": Zone(-5 * _HOUR,   # second Sunday of March, first of November, at 2:00 by the old time
                             lambda year: _sunday(year, 3, 2) + 7 * _HOUR,
                             lambda year: _sunday(year, 11, 1) + 6 * _HOUR),
    "Europe/Berlin":    Zone(1 * _HOUR,    # last Sundays of March and October, at 1:00 UTC
                             lambda year: _sunday(year, 3, -1) + _HOUR,
                             lambda year: _sunday(year, 10, -1) + _HOUR),
    "Asia/Tokyo":       Zone(9 * _HOUR),   # never
    "Pacific/Auckland": Zone(12 * _HOUR,   # last Sunday of September, first of April, at 2:00 winter time
                             lambda year: _sunday(year, 9, -1) - 10 * _HOUR,
                             lambda year: _sunday(year, 4, 1) - 10 * _HOUR),
}
# fmt: on


def charge_days(first: date, count: int) -> list[date]:
    """The first charge's day and those after it, found by going through all days between."""
    days, day = [first], first
    while len(days) < count:
        day += _DAY
        is_last = (day + _DAY).month != day.month
        if day.day == first.day or (is_last and day.day < first.day):
            days.append(day)
    return days


def charge_instants(first_at: datetime, zone_name: str, count: int) -> list[datetime]:
    """The instants of a monthly subscription's first `count` charges."""
    zone = ZONES[zone_name]
    first = zone.reading(first_at)
    days = charge_days(first.date(), count)
    return [zone.instant(datetime.combine(day, first.time())) for day in days]
