"""Real workers and dispatchers for tests: each in a process group of its own, so that one number ends all of it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from cli.embedded.processes import dying_with_parent, free_port
from cli.paths import ROOT

TEST_JOBS = "tests.tasks.jobs_for_processes"


@dataclass
class Running:
    """One process (and those it forks), and what it has logged."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def said(self, words: str) -> bool:
        return words in self.log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Reaches the whole group."""
        os.killpg(self.process.pid, number)

    async def ready(self) -> "Running":
        await until(lambda: self.said(" ready") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        return self

    async def ended(self) -> int:
        await until(lambda: self.process.poll() is not None)
        return self.process.returncode


@dataclass
class Processes:
    """Starts them in `folder`; `end` leaves none."""

    folder: Path
    started: list[Running] = field(default_factory=list[Running])

    @property
    def gate(self) -> Path:
        return self.folder / "gate"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def noted(self, event: str = "done", job: str = "") -> list[int]:
        """The outbox ids of which that was noted, in order."""
        if not self.journal.exists():
            return []
        lines = [line.split() for line in self.journal.read_text().splitlines()]
        return [int(line[2]) for line in lines if line[0] == event and line[1].startswith(job)]

    def order(self) -> list[str]:
        """The names of the jobs done, in order."""
        return [line.split()[1] for line in self.journal.read_text().splitlines() if line.startswith("done")]

    def worker(
        self, *queues: str, module: str = TEST_JOBS, threads: int = 4, end_within: float = 60, **variables: str
    ) -> Running:
        chosen = ["--queues", *queues] if queues else []
        return self._start(module, "--threads", str(threads), "--end-within", str(end_within), *chosen, **variables)

    def dispatcher(self, **variables: str) -> Running:
        return self._start("tasks.dispatcher", **variables)

    def api(self, **variables: str) -> tuple[Running, int]:
        """The API as deploy/ starts it, and its port."""
        port = free_port()
        quiet = ["--no-proxy-headers", "--no-access-log", "--timeout-graceful-shutdown", "10"]
        return self._start("uvicorn", "api.app:app", "--port", str(port), *quiet, **variables), port

    async def ready(self, *running: Running) -> None:
        """Waits until each of them takes work; they boot side by side."""
        for each in running:
            await each.ready()

    def end(self) -> None:
        for running in self.started:
            if running.process.poll() is None:
                running.signal(signal.SIGKILL)
                running.process.wait()

    def _start(self, *words: str, **variables: str) -> Running:
        log = self.folder / f"{len(self.started)}.log"
        given = {"JOURNAL": str(self.journal), "GATE": str(self.gate), "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env={**os.environ, **given, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
            )
        self.started.append(Running(process, log))
        return self.started[-1]


async def until(condition: Callable[[], bool | Awaitable[bool]], within: float = 60) -> None:
    """Waits, by looking every 20 ms, for what must come; how long it takes asserts nothing."""
    async with asyncio.timeout(within):
        while not await _holds(condition()):  # noqa: ASYNC110 - processes set no event here
            await asyncio.sleep(0.02)


async def _holds(answer: bool | Awaitable[bool]) -> bool:  # noqa: FBT001 - it is the answer
    return answer if isinstance(answer, bool) else await answer


def repeated(ids: list[int]) -> list[int]:
    return [number for number, times in Counter(ids).items() if times > 1]
