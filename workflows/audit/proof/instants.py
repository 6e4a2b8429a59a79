"""How statements and exports write instants."""

from datetime import UTC, datetime


def instant(at: datetime) -> str:
    """UTC in ISO 8601, to the microsecond.

    >>> instant(datetime(2026, 11, 26, 14, tzinfo=UTC))
    '2026-11-26T14:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
