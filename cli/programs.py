"""A program that the supervisor runs: one child process and whatever that one starts.

Each program is a process group of its own, so that its descendants can be ended with it, and each
group is known to the warden, which ends it when we cannot any more.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cli import warden
from cli.embedded.processes import dying_with_parent
from cli.paths import ROOT


class Warden:
    """The process of cli/warden.py, started when the first group is added, and again if it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._groups: set[int] = set()

    @property
    def pid(self) -> int | None:
        """Its process, None before the first group."""
        return self._process.pid if self._process else None

    def add(self, group: int) -> None:
        """From now on the group ends when we do."""
        self._groups.add(group)
        self._tell(f"add {group}")

    def drop(self, group: int) -> None:
        """The group has gone; its number may come back for somebody else's."""
        self._groups.discard(group)
        self._tell(f"drop {group}")

    def check(self) -> None:
        """Replace the process if it was killed."""
        if self._process is not None and self._process.poll() is not None:
            self._renew()

    def dismiss(self) -> None:
        """End the process; it ends the groups that are left."""
        if self._process is not None:
            _stdin(self._process).close()
            self._process.wait()
            self._process = None

    def _tell(self, line: str) -> None:
        if self._process is None:
            self._renew()
            return
        try:
            _stdin(self._process).write(f"{line}\n")
        except BrokenPipeError:
            self._renew()

    def _renew(self) -> None:
        """Start a process and tell it everything."""
        self._process = subprocess.Popen(
            # -I -S: no site-packages, so it is up within milliseconds
            [sys.executable, "-I", "-S", warden.__file__],
            stdin=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd="/",
            start_new_session=True,
        )
        for group in sorted(self._groups):
            _stdin(self._process).write(f"add {group}\n")


def _stdin(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


@dataclass
class Program:
    """What to run: `argv` and the whole environment; its output is appended to `log`."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None  # None: where our own output goes
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether its first process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self, warden: Warden) -> None:
        """Start it from the main thread (it dies with the thread that started it)."""
        output = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call
            )
        finally:
            if output:
                output.close()
        warden.add(self.process.pid)

    def ask_to_end(self) -> None:
        """Tell its first process to end; that one ends its own children in good order."""
        if self.process is not None and self.running:
            self.process.terminate()

    def clear(self, warden: Warden) -> None:
        """Kill what is left of its group, descendants of a dead first process included."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing left to kill
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        warden.drop(self.process.pid)
        self.process = None

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for the line that says it died."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
