"""The supervisor's last will: ends process groups once the supervisor is gone, however it died.

The kernel can end a killed process's children (PR_SET_PDEATHSIG) but not its grandchildren. So
this small process, in a session of its own, reads from a pipe which groups there are. When the
pipe closes it ends those that are left, and then itself. Only the standard library, run as a
script: it must be up before anything else.

    add 4711    a group to end
    drop 4711   that group has gone
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

_GRACE = 3.0  # seconds between asking and killing; leases make up for work that is cut off
_PAUSE = 0.02


def main() -> None:
    """Follow the pipe on standard input to its end, then end the groups."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # we go when the supervisor has gone, not before
    end_groups(_groups_left(sys.stdin))


def end_groups(groups: Iterable[int], grace: float = _GRACE) -> None:
    """Ask every process of the groups to end, and kill what is left after `grace` seconds."""
    left = [group for group in groups if _signalled(group, signal.SIGTERM)]
    give_up_at = time.monotonic() + grace
    while left and time.monotonic() < give_up_at:
        time.sleep(_PAUSE)
        left = [group for group in left if _signalled(group, 0)]
    for group in left:
        _signalled(group, signal.SIGKILL)


def _groups_left(lines: Iterable[str]) -> list[int]:
    left: set[int] = set()
    for line in lines:
        word, number = line.split()
        if word == "add":
            left.add(int(number))
        else:
            left.discard(int(number))
    return sorted(left)


def _signalled(group: int, number: int) -> bool:
    """Whether the group had a process to signal; 0 only asks."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
