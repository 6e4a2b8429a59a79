"""Who used how much of the processors, read from /proc: workers, PostgreSQL, the rest of ours, others."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.renewals_load.processes import Deployment
from models.database import fetch_value

ALL_OURS, OTHERS = "all of ours", "not of ours"
_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = slice(3, 5)  # of the first line of /proc/stat: idle and waiting for the disk


@dataclass(frozen=True)
class Process:
    """One line of /proc/PID/stat; `seconds` of processor are its own and those of its children that ended."""

    pid: int
    parent: int
    group: int
    seconds: float


def processes() -> dict[int, Process]:
    """All there are, by pid."""
    found = (_read(path) for path in Path("/proc").glob("[0-9]*/stat"))
    return {process.pid: process for process in found if process is not None}


def _read(path: Path) -> Process | None:
    try:
        pid, _, rest = path.read_text().partition(" ")
    except OSError:  # it has ended
        return None
    words = rest.rpartition(")")[2].split()
    return Process(int(pid), int(words[1]), int(words[2]), sum(map(int, words[11:15])) / _TICKS)


def of_groups(leaders: Iterable[int]) -> Callable[[Mapping[int, Process]], float]:
    """The seconds of these process groups."""
    groups = set(leaders)
    return lambda seen: sum(process.seconds for process in seen.values() if process.group in groups)


def of_family(pid: int) -> Callable[[Mapping[int, Process]], float]:
    """The seconds of a process and its children: PostgreSQL's, each of which leads a group of its own."""
    return lambda seen: sum(process.seconds for process in seen.values() if pid in (process.pid, process.parent))


def busy_seconds() -> float:
    """The machine's processor seconds since it was started, all processors together, whoever used them."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return (sum(ticks) - sum(ticks[_IDLE])) / _TICKS


class Meter:
    """How many processors each part kept busy, on average, since it was made or asked last."""

    def __init__(self, parts: Mapping[str, Callable[[Mapping[int, Process]], float]]) -> None:
        self._parts = parts
        self._read()

    @classmethod
    async def of(cls, deployment: Deployment, workers: Iterable[str]) -> "Meter":
        """Of a deployment and the servers at hand. Servers elsewhere count as nothing."""
        workers = list(workers)
        rest = set(deployment.programs) - {*workers, "dispatcher"}
        backend = await fetch_value("SELECT pg_backend_pid()")
        seen = processes().get(backend)
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            valkey = dict(client.info("server"))["process_id"]
        return cls(
            {
                "workers": of_groups(deployment.groups(*workers)),
                "PostgreSQL": of_family(seen.parent) if seen else of_groups([]),
                "dispatcher": of_groups(deployment.groups("dispatcher")),
                "API, links, Valkey, visitor": of_groups([*deployment.groups(*rest), valkey, os.getpgrp()]),
            }
        )

    def cores(self) -> dict[str, float]:
        """By part; then all of them together, and whatever else the machine did."""
        at, busy, used = self._at, self._busy, self._used
        self._read()
        seconds = self._at - at
        cores = {name: (now - used[name]) / seconds for name, now in self._used.items()}
        ours = sum(cores.values())
        return {**cores, ALL_OURS: ours, OTHERS: (self._busy - busy) / seconds - ours}

    def _read(self) -> None:
        seen = processes()
        self._at, self._busy = time.monotonic(), busy_seconds()
        self._used = {name: seconds(seen) for name, seconds in self._parts.items()}
