"""Who used how much of the processors, read from /proc: workers, PostgreSQL, the rest of ours, the machine."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.renewals_processes import Deployment
from models.database import fetch_value

ALL_OURS = "all of ours"
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
    """From its making on: how many processors each part kept busy, on average."""

    def __init__(self, parts: Mapping[str, Callable[[Mapping[int, Process]], float]]) -> None:
        self._parts = parts
        self._began, self._busy, self._used = time.monotonic(), busy_seconds(), self._read()

    @classmethod
    async def of(cls, deployment: Deployment, workers: Iterable[str]) -> "Meter":
        """Of a deployment and the servers at hand. Servers elsewhere count as nothing."""
        workers = list(workers)
        others = [name for name in deployment.programs if name not in workers]
        backend = await fetch_value("SELECT pg_backend_pid()")
        seen = processes().get(backend)
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
            valkey = dict(client.info("server"))["process_id"]  # pyright: ignore[reportArgumentType]  # sync client
        return cls(
            {
                "workers": of_groups(deployment.groups(*workers)),
                "PostgreSQL": of_family(seen.parent) if seen else of_groups([]),
                "dispatcher": of_groups(deployment.groups("dispatcher")),
                "API, links, Valkey": of_groups([*deployment.groups(*(set(others) - {"dispatcher"})), valkey]),
            }
        )

    def cores(self) -> dict[str, float]:
        """By part; then all of them together, and the whole machine, with whatever else runs on it."""
        seconds = time.monotonic() - self._began
        used = {name: (now - self._used[name]) / seconds for name, now in self._read().items()}
        machine = (busy_seconds() - self._busy) / seconds
        return {**used, ALL_OURS: sum(used.values()), "the whole machine": machine}

    def _read(self) -> dict[str, float]:
        seen = processes()
        return {name: seconds(seen) for name, seconds in self._parts.items()}
