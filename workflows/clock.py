"""The one clock. Tests freeze it with `frozen`; nothing else asks the machine what time it is.

Tokens, sessions, limits and leases live by `now()`. Billing facts (due dates, trials, attempts) live by
`marketplace_now`, which a sandbox marketplace may have moved ahead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_frozen_at: datetime | None = None


def now() -> datetime:
    """The instant, in UTC."""
    return _frozen_at or datetime.now(UTC)


def marketplace_now(clock_offset: timedelta) -> datetime:
    """The instant at which a marketplace's billing believes to be; the same as `now()` for a live one."""
    return now() + clock_offset


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Holds the clock at `at` (aware) inside the block, for tests."""
    global _frozen_at
    previous, _frozen_at = _frozen_at, at
    try:
        yield
    finally:
        _frozen_at = previous
