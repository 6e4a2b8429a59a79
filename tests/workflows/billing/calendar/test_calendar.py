"""Dates of charges: calendar months, anchored to the first charge's day, in the marketplace's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from workflows.billing.calendar.calendar import charge_at


def _local(*parts: int, zone: str = "UTC") -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_the_last_of_january_comes_back_after_february() -> None:
    anchor = _local(2025, 1, 31, 9)

    dates = [charge_at(anchor, period, "month", 1, "UTC").date().isoformat() for period in range(5)]

    assert dates == ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]


def test_a_leap_day_is_charged_on_the_28th_in_common_years() -> None:
    anchor = _local(2024, 2, 29, 12)

    dates = [charge_at(anchor, period, "year", 1, "UTC").date().isoformat() for period in (1, 2, 3, 4)]

    assert dates == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


@pytest.mark.parametrize(
    ("unit", "count", "expected"),
    [
        ("day", 10, "2026-01-25"),
        ("week", 2, "2026-01-29"),
        ("month", 1, "2026-02-15"),
        ("month", 3, "2026-04-15"),
        ("year", 1, "2027-01-15"),
    ],
)
def test_each_interval_from_its_anchor(unit: str, count: int, expected: str) -> None:
    assert charge_at(_local(2026, 1, 15, 8), 1, unit, count, "UTC").date().isoformat() == expected


def test_the_local_time_of_day_stays_when_the_clocks_change() -> None:
    zone = "America/New_York"
    anchor = _local(2026, 2, 15, 9, 30, zone=zone)

    after = charge_at(anchor, 1, "month", 1, zone)

    assert after == _local(2026, 3, 15, 9, 30, zone=zone)
    assert (after - anchor).total_seconds() == 28 * 86_400 - 3_600


def test_an_hour_that_the_clocks_skip_is_charged_after_the_gap() -> None:
    zone = "Europe/Berlin"  # 29 March 2026: 02:00 becomes 03:00
    anchor = _local(2026, 2, 28, 2, 30, zone=zone)

    local = charge_at(anchor, 29, "day", 1, zone).astimezone(ZoneInfo(zone))

    assert (local.date().isoformat(), local.hour, local.minute) == ("2026-03-29", 3, 30)


def test_an_hour_that_comes_twice_is_charged_the_first_time() -> None:
    zone = "Europe/Berlin"  # 25 October 2026: 03:00 becomes 02:00
    anchor = _local(2026, 9, 25, 2, 30, zone=zone)

    assert charge_at(anchor, 1, "month", 1, zone) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert charge_at(anchor, 2, "month", 1, zone) == _local(2026, 11, 25, 2, 30, zone=zone)


# UTC instants of 09:00 in New York, typed by hand: the clocks go forward on 8 March and back on 1 November 2026.
@pytest.mark.parametrize(
    ("unit", "count", "anchor", "expected"),
    [
        ("day", 10, (2026, 2, 20), ["2026-02-20T14", "2026-03-02T14", "2026-03-12T13", "2026-03-22T13"]),
        ("week", 1, (2026, 10, 20), ["2026-10-20T13", "2026-10-27T13", "2026-11-03T14", "2026-11-10T14"]),
        ("month", 3, (2025, 11, 30), ["2025-11-30T14", "2026-02-28T14", "2026-05-30T13", "2026-08-30T13"]),
        ("month", 1, (2026, 8, 31), ["2026-08-31T13", "2026-09-30T13", "2026-10-31T13", "2026-11-30T14"]),
        ("year", 1, (2025, 3, 8), ["2025-03-08T14", "2026-03-08T13", "2027-03-08T14", "2028-03-08T14"]),
    ],
)
def test_every_interval_keeps_its_day_and_its_hour_over_the_years(
    unit: str, count: int, anchor: tuple[int, int, int], expected: list[str]
) -> None:
    zone = "America/New_York"
    start = _local(*anchor, 9, zone=zone)

    dates = [charge_at(start, period, unit, count, zone) for period in range(4)]

    assert [at.isoformat()[:13] for at in dates] == expected


def test_the_billing_day_is_the_marketplaces_not_utcs() -> None:
    anchor = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # 1 February in Tokyo

    assert charge_at(anchor, 1, "month", 1, "Asia/Tokyo") == datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
