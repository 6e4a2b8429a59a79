"""Births and violent deaths of workers and dispatchers, and what the journal says each death cut off."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cli.embedded.processes import dying_with_parent
from cli.paths import ROOT
from tests.tasks.processes import until


@dataclass
class Nursery:
    """The process of tests/faults/nursery.py, and the children it has forked that still live."""

    folder: Path
    process: "subprocess.Popen[str]"
    alive: set[int] = field(default_factory=set[int])
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, kind: str, point: str = "", at_hit: int = 0) -> int:
        """Starts a worker or a dispatcher, to die at that point or live; answers its pid once it works."""
        async with self.one_at_a_time:
            pid = int(await asyncio.to_thread(self._ask, f"{kind} {point} {at_hit}\n" if point else f"{kind}\n"))
        self.alive.add(pid)
        await until(lambda: self.journal.of(pid, "ready") != [] or not is_alive(pid))
        as_told = self.journal.of(pid, "ready") or self.journal.of(pid, "died_at")  # a point may come before "ready"
        assert as_told, f"a {kind} died before its time; see {self.folder}/{kind}.log"
        return pid

    def _ask(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()
        return self.process.stdout.readline()

    async def kill(self, pid: int) -> None:
        """As `kill -9` does; returns when it is gone."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        await self.see_dead(pid)

    async def see_dead(self, pid: int, within: float = 60) -> None:
        """Raises TimeoutError when it goes on living."""
        await until(lambda: not is_alive(pid), within)
        self.alive.discard(pid)

    @property
    def journal(self) -> "Reading":
        return Reading(self.folder / "journal")


@contextmanager
def nursery(folder: Path, variables: dict[str, str]) -> Generator[Nursery]:
    """A nursery and, when the block ends, none of its children."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery", str(folder)],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=dying_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
    )
    opened = Nursery(folder, process)
    try:
        yield opened
    finally:
        for pid in opened.alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.communicate()


def is_alive(pid: int) -> bool:
    """Whether it has not ended; nobody waits for it, and the nursery leaves no zombies."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Reading:
    """The journal's lines as they are now."""

    file: Path

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def of(self, pid: int, event: str) -> list[list[str]]:
        """What was noted with each such event of that process."""
        return [words for name, number, _, *words in self.lines() if name == event and number == str(pid)]

    def cut_off_runs(self, pid: int) -> set[str]:
        """The leases of jobs that the process had begun and not ended when it died."""
        ended = {lease for event in ("done", "over") for lease, *_ in self.of(pid, event)}
        return {lease for lease, *_ in self.of(pid, "begun")} - ended

    def calls_in_flight(self, pid: int) -> set[str]:
        """The idempotency keys of charges that the process was waiting for when it died."""
        return {key for key, *_ in self.of(pid, "calling")} - {key for key, *_ in self.of(pid, "called")}

    def sends_in_flight(self, pid: int) -> set[str]:
        """The ids of e-mails that the process had begun to send, and had no answer about when it died."""
        return {message for _, message in self.of(pid, "sending")} - {message for message, *_ in self.of(pid, "mailed")}

    def cut_off_batches(self, pid: int) -> int:
        """How many batches the process had claimed and not sent completely when it died."""
        return len(self.of(pid, "claimed")) - len(self.of(pid, "sent"))

    def doubtful_sends(self) -> dict[str, int]:
        """By the e-mail's id: how often it was on its way in a run that did not come to its good end."""
        done = {words[0] for event, _, _, *words in self.lines() if event == "done"}
        doubts: dict[str, int] = defaultdict(int)
        for event, _, _, *words in self.lines():
            if event == "sending" and words[0] not in done:
                doubts[words[1]] += 1
        return doubts

    def deaths_at_points(self) -> list[str]:
        return [words[0] for event, _, _, *words in self.lines() if event == "died_at"]

    def runs_side_by_side(self, within: timedelta) -> list[str]:
        """The outbox ids of which a run began so soon after another that had not ended: no lease lasts that short."""
        latest: dict[str, tuple[str, float]] = {}
        ended: set[str] = set()
        found: list[str] = []
        for event, _, time, *words in self.lines():
            if event in ("done", "over"):
                ended.add(words[0])
            elif event == "begun":
                lease, outbox_id = words
                earlier, began = latest.get(outbox_id, ("", 0.0))
                if earlier and earlier not in ended and float(time) - began < within.total_seconds():
                    found.append(outbox_id)
                latest[outbox_id] = lease, float(time)
        return found
