"""Fairness among merchants: one whose servers hang does not hold all hands of a worker while others wait.

Counted in this process alone, on its event loop: it protects this process's hands. What gets no turn is staged anew,
for when the line before it should be through at the pace of the last answer.
"""

import random
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

AT_ONCE = 4  # of a worker's eight threads
_SHORTEST, _LONGEST = 0.5, 120.0  # seconds of waiting for a turn
_UNKNOWN_PACE = 1.0  # seconds: nothing has answered yet

_under_way: Counter[UUID] = Counter()
_last_took: dict[UUID, float] = {}  # seconds, by marketplace


@contextmanager
def turn(marketplace_id: UUID) -> Generator[bool]:
    """Whether the marketplace may have another request under way, for as long as the block takes."""
    if _under_way[marketplace_id] >= AT_ONCE:
        yield False
        return
    _under_way[marketplace_id] += 1
    began = time.monotonic()
    try:
        yield True
    finally:
        _last_took[marketplace_id] = time.monotonic() - began
        _under_way[marketplace_id] -= 1
        if not _under_way[marketplace_id]:
            del _under_way[marketplace_id]


def wait_for_turn(marketplace_id: UUID, waiting: int) -> timedelta:
    """How long to wait behind so many deliveries of the same marketplace, with jitter."""
    through = waiting * _last_took.get(marketplace_id, _UNKNOWN_PACE) / AT_ONCE
    return timedelta(seconds=min(max(through, _SHORTEST), _LONGEST) * random.uniform(0.5, 1.0))  # noqa: S311
