"""The one clock. Tests freeze it with `frozen`; nothing else asks the machine what time it is.

Tokens, sessions, limits and leases live by `now()`. Billing facts (due dates, trials, attempts) live by
`marketplace_now`, which a sandbox marketplace may have moved ahead.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class _Hands:
    """Held still by tests; the whole process reads them, whatever thread or task it runs in."""

    frozen_at: datetime | None = None


def now() -> datetime:
    """The instant, in UTC."""
    return _Hands.frozen_at or datetime.now(UTC)


def marketplace_now(clock_offset: timedelta) -> datetime:
    """The instant at which a marketplace's billing believes to be; the same as `now()` for a live one."""
    return now() + clock_offset


@contextmanager
def frozen(at: datetime) -> Generator[None]:
    """Holds the clock at `at` (aware) inside the block, for tests."""
    previous, _Hands.frozen_at = _Hands.frozen_at, at
    try:
        yield
    finally:
        _Hands.frozen_at = previous
