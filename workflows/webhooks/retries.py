"""When a delivery that failed is tried again, and when it is given up. Pure.

The specification's own example: ten tries over three days, so that what broke on a Friday can be mended on Monday.
"""

import random
from datetime import timedelta

# fmt: off
PAUSES: tuple[timedelta, ...] = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# fmt: on
_JITTER = 0.1  # of a pause, added: what broke under load does not meet it again all at once


def pause_after(tries: int, retry_after: int | None = None) -> timedelta | None:
    """How long to wait after so many tries that failed; None when it is over. `retry_after`: the seconds that the
    endpoint itself asks for (a Retry-After header), which can only make it longer."""
    if tries > len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * random.uniform(1.0, 1.0 + _JITTER)  # noqa: S311 - spreads load, guards nothing
    return max(pause, timedelta(seconds=retry_after or 0))
