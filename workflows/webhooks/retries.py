"""When a webhook delivery that failed is tried again, and when it is given up.

Ten tries over three days and a few hours, as in the Standard Webhooks specification. An endpoint to which nothing got
through in that time is disabled (failing_endpoints.py).
"""

import random
from datetime import timedelta

TRIED_FOR = timedelta(days=3)  # at least: what broke on a Friday can be mended on Monday
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
assert sum(PAUSES, timedelta()) >= TRIED_FOR, "the pauses must add up to TRIED_FOR"
_JITTER = 0.1  # of a pause, added: what broke under load does not meet it again all at once


def pause_after(tries: int, retry_after: int | None = None) -> timedelta | None:
    """How long to wait after so many tries that failed; None when it is over. `retry_after`: the seconds that the
    endpoint itself asks for (a Retry-After header), which can only make it longer."""
    if tries > len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * random.uniform(1.0, 1.0 + _JITTER)  # noqa: S311 - spreads load, guards nothing
    return max(pause, timedelta(seconds=retry_after or 0))
