"""Keeps a set of programs and servers running on one machine, and ends them all together.

A program that dies is started again, after a pause that grows while it keeps dying. Ctrl-C,
SIGTERM or a closed terminal end the programs, then the servers, within a bounded time; a second
Ctrl-C does not wait. After a kill -9 of this process the warden ends what is left.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any, Protocol, Self

from cli.programs import Program, Warden

FIRST_PAUSE = timedelta(milliseconds=200)  # most deaths are one-offs: be back at once
LONGEST_PAUSE = timedelta(seconds=10)
STEADY_AFTER = timedelta(seconds=10)  # having run that long, it starts with FIRST_PAUSE again
END_WITHIN = timedelta(seconds=10)  # for all programs together; then they are killed

_TICK = 0.05  # seconds
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Server(Protocol):
    """A server that is no Program: it knows itself how it starts and stops (cli/embedded)."""

    @property
    def name(self) -> str:
        """What to call it in a log line."""
        ...

    @property
    def pid(self) -> int | None:
        """Its process, None when it is not running."""
        ...

    def start(self) -> object:
        """Start it and wait until it answers."""
        ...

    def stop(self) -> None:
        """End it and wait until it is gone."""
        ...


@dataclass
class _Kept:
    """What is to be kept running, and how it has fared."""

    name: str
    running: Callable[[], bool]
    start: Callable[[], object]
    after_death: Callable[[], str]
    pause: timedelta = FIRST_PAUSE
    started_at: float = 0.0
    restart_at: float | None = None  # set while it is down


class Supervisor:
    """Starts, restarts and ends programs and servers; `say` gets one line for each event.

    Use it as a context manager in the main thread: leaving the block ends everything. In the block
    SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt.

    Example: `with Supervisor(print) as supervisor: supervisor.keep(program); supervisor.watch()`
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._warden = Warden()
        self._programs: list[Program] = []
        self._servers: list[Server] = []
        self._kept: list[_Kept] = []
        self._ending = False
        self._hurried = False
        self._handlers: dict[signal.Signals, Any] = {}

    def keep(self, program: Program) -> None:
        """Start the program and keep it running."""
        self._programs.append(program)
        kept = _Kept(
            program.name,
            running=lambda: program.running,
            start=lambda: program.start(self._warden),
            after_death=lambda: self._bury(program),
        )
        self._start_first(kept)

    def keep_server(self, server: Server) -> None:
        """Start the server and keep it running; servers end after all programs. Raises as its start."""
        self._servers.append(server)
        kept = _Kept(
            server.name,
            running=lambda: server.pid is not None,
            start=server.start,
            after_death=lambda: "",
        )
        self._start_first(kept)

    def run_to_end(self, program: Program) -> int:
        """Run a program once, keeping the others up meanwhile; return its exit status."""
        self._programs.append(program)
        program.start(self._warden)
        while program.process is not None and program.running:
            self._tick()
        status = program.process.returncode if program.process else -1
        program.clear(self._warden)
        self._programs.remove(program)
        return status

    def watch(self, until: Callable[[], bool] = lambda: False, within: timedelta | None = None) -> bool:
        """Keep everything running until `until` holds (True) or the time is up (False)."""
        give_up_at = time.monotonic() + within.total_seconds() if within else float("inf")
        while time.monotonic() < give_up_at:
            self._tick()
            if until():
                return True
        return False

    def stop(self) -> None:
        """End the programs, the last started first, then the servers. Returns when all are gone."""
        self._ending = True
        for program in reversed(self._programs):
            program.ask_to_end()
        give_up_at = time.monotonic() + END_WITHIN.total_seconds()
        while any(program.running for program in self._programs):
            if self._hurried or time.monotonic() > give_up_at:
                break
            time.sleep(_TICK)
        for program in reversed(self._programs):
            program.clear(self._warden)
        for server in reversed(self._servers):
            server.stop()
        self._warden.dismiss()

    def _start_first(self, kept: _Kept) -> None:
        kept.start()
        kept.started_at = time.monotonic()
        self._kept.append(kept)

    def _tick(self) -> None:
        time.sleep(_TICK)
        self._warden.check()
        for kept in self._kept:
            if kept.restart_at is not None:
                self._restart_when_due(kept)
            elif not kept.running():
                self._note_death(kept)

    def _note_death(self, kept: _Kept) -> None:
        now = time.monotonic()
        if now - kept.started_at >= STEADY_AFTER.total_seconds():
            kept.pause = FIRST_PAUSE
        last_words = kept.after_death()
        self._say(f"{kept.name} ended; starting it again in {kept.pause.total_seconds():g} s")
        if last_words:
            self._say(last_words)
        kept.restart_at = now + kept.pause.total_seconds()
        kept.pause = min(kept.pause * 2, LONGEST_PAUSE)

    def _restart_when_due(self, kept: _Kept) -> None:
        if kept.restart_at is None or time.monotonic() < kept.restart_at:
            return
        kept.restart_at = None
        kept.started_at = time.monotonic()
        try:
            kept.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may succeed
            self._say(f"{kept.name} did not start: {error}")

    def _bury(self, program: Program) -> str:
        """Clear what a dead program left (its workers would run twice) and return its last words."""
        program.clear(self._warden)
        return program.last_words()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            # SIGINT too: a shell starts background jobs with it ignored
            self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._ending:
            self._hurried = True
            return
        self._ending = True
        raise KeyboardInterrupt
