"""Looking at processes from outside."""

import time
from collections.abc import Callable

import psutil


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie waiting for somebody to ask."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(holds: Callable[[], bool], within: float = 10.0) -> bool:
    """Poll `holds` for at most `within` seconds."""
    give_up_at = time.monotonic() + within
    while time.monotonic() < give_up_at:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def all_gone(pids: list[int], within: float = 10.0) -> bool:
    """Whether none of the processes is left, after waiting for it."""
    return eventually(lambda: not any(is_alive(pid) for pid in pids), within)
