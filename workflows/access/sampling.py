"""How often the same attempt is written down: each one at first, then fewer and fewer, none uncounted.

Somebody who tries a door a million times leaves some thirty rows, the last of which say how many attempts they stand
for. Kept in the process: what was not told when it is killed, at most half of an hour's attempts, is lost.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EACH = 10  # attempts of one kind and client an hour that are written down one by one
WINDOW = timedelta(hours=1)
MOST_ROWS = 20_000  # of refusals an hour and process: some 8 MB with their indexes
EVERYBODY = bytes(16)  # the client of a row that stands for many clients' attempts
MOST_KEYS = 10_000  # a few megabytes; beyond it the oldest is forgotten, and its next attempt counts as a first


@dataclass(slots=True)
class _Tries:
    since: datetime
    made: int = 0
    told: int = 0  # of those made, how many a row stands for


class Sampled:
    """The attempts of one process.

    >>> [Thinned().take("a", now) for now in ...]  # 1, 1, … ten times; then None until the 20th, which stands for 10
    """

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._tries: OrderedDict[Hashable, _Tries] = OrderedDict()
        self._most_keys = most_keys

    def take(self, key: Hashable, now: datetime) -> int | None:
        """Counts an attempt. Answers how many attempts a row written now stands for; None: none is to be written."""
        tries = self._tries.get(key)
        if tries is None or now - tries.since >= WINDOW:
            untold = 0 if tries is None else tries.made - tries.told
            tries = self._tries[key] = _Tries(now, told=-untold)
        self._tries.move_to_end(key)
        if len(self._tries) > self._most_keys:
            self._tries.popitem(last=False)
        tries.made += 1
        if not _is_told(tries.made):
            return None
        stands_for, tries.told = tries.made - tries.told, tries.made
        return stands_for


def _is_told(made: int) -> bool:
    """Whether it is one of the first ten, or the 20th, 40th, 80th and so on."""
    times, rest = divmod(made, EACH)
    return made <= EACH or (rest == 0 and times & (times - 1) == 0)


class Refusals:
    """Thinned by client, and by nobody in particular once an hour has brought more rows than a disk should bear."""

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._each, self._all = Sampled(), Sampled()
        self._most_rows, self._rows, self._since = most_rows, 0, datetime.min.replace(tzinfo=UTC)

    def take(self, client: bytes, about: Hashable, now: datetime) -> tuple[bytes, int] | None:
        """As whose a row is to be written now (EVERYBODY for no one client's) and for how many attempts it stands."""
        if now - self._since >= WINDOW:
            self._since, self._rows = now, 0
        crowded = self._rows >= self._most_rows
        if crowded:
            client, stands_for = EVERYBODY, self._all.take(about, now)
        else:
            stands_for = self._each.take((client, about), now)
        if stands_for is None:
            return None
        self._rows += 1
        return client, stands_for
