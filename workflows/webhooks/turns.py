"""Fairness among merchants: one whose servers hang does not hold all hands of a worker while others wait.

Counted in this process alone, on its event loop: it protects this process's hands. What gets no turn is staged anew.
"""

import random
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

AT_ONCE = 4  # of a worker's eight threads
_SHORTEST = timedelta(seconds=1)
_FOR_EACH_WAITING = timedelta(seconds=0.1)  # a long line is looked at rarely
_LONGEST = timedelta(minutes=2)

_under_way: Counter[UUID] = Counter()


@contextmanager
def turn(marketplace_id: UUID) -> Generator[bool]:
    """Whether the marketplace may have another request under way, for as long as the block takes."""
    if _under_way[marketplace_id] >= AT_ONCE:
        yield False
        return
    _under_way[marketplace_id] += 1
    try:
        yield True
    finally:
        _under_way[marketplace_id] -= 1
        if not _under_way[marketplace_id]:
            del _under_way[marketplace_id]


def wait_for_turn(waiting: int) -> timedelta:
    """How long to wait behind so many deliveries of the same marketplace, with jitter."""
    return min(_SHORTEST + waiting * _FOR_EACH_WAITING, _LONGEST) * random.uniform(0.5, 1.5)  # noqa: S311
