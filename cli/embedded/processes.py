"""Starting and ending server processes: free ports, death with the parent, the user to drop to."""

import ctypes
import importlib.util
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

_PR_SET_PDEATHSIG = 1
# Loaded here and not in the child: between fork and exec nothing may allocate or take locks.
_libc: ctypes.CDLL | None = ctypes.CDLL(None) if sys.platform == "linux" else None

START_WITHIN = timedelta(seconds=60)  # crash recovery of a big database on a slow disk takes a while
STOP_WITHIN = timedelta(seconds=10)


class ServerFailed(Exception):
    """Raised when an embedded server does not start; carries the end of its log."""

    def __init__(self, name: str, log: Path) -> None:
        tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        super().__init__(f"{name} did not start. The end of {log}:\n{tail}")


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Unprivileged:
    """The user a server runs as: ourselves, or `nobody` when we are root (PostgreSQL refuses root)."""

    uid: int
    gid: int
    drops: bool

    @classmethod
    def current(cls) -> "Unprivileged":
        """Return the user for servers that this process starts."""
        if os.geteuid() != 0:
            return cls(os.getuid(), os.getgid(), drops=False)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid, drops=True)

    def own(self, path: Path) -> None:
        """Give `path` to this user."""
        if self.drops:
            os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Whether every folder down to and including `path` may be entered by this user."""
        if not self.drops:
            return True
        return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))

    def as_arguments(self) -> _Identity:
        """The arguments for `subprocess` that drop to this user, its groups included."""
        if not self.drops:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def package_directory(name: str) -> Path:
    """Return an installed package's folder without importing it (imports may have side effects).

    Raises ModuleNotFoundError.
    """
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed", name=name)
    return Path(found.origin).parent


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that was free a moment ago; somebody else may still take it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def dying_with_parent(end_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn`: the child gets `end_signal` when the *thread* that starts it ends.

    Start such children from the main thread. Linux only; elsewhere it does nothing.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(end_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


def launch(
    argv: Sequence[str | Path],
    *,
    log: Path,
    end_signal: signal.Signals,
    environment: Mapping[str, str],
    held: Sequence[int] = (),
    identity: Unprivileged | None = None,
    configuration: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in its own session, its output appended to `log`.

    `held` are descriptors it inherits; `configuration` is written to its standard input, which keeps
    secrets off the command line.
    """
    drop: _Identity = identity.as_arguments() if identity else {}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in argv],
            stdin=subprocess.DEVNULL if configuration is None else subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it before its clients
            preexec_fn=dying_with_parent(end_signal),  # noqa: PLW1509 - one system call, see _libc
            pass_fds=tuple(held),
            **drop,
        )
    if configuration is not None and process.stdin is not None:
        process.stdin.write(configuration.encode())
        process.stdin.close()
    return process


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], within: timedelta = START_WITHIN) -> bool:
    """Poll `ready` until it holds; False when the process ends or the time is up first."""
    give_up_at = time.monotonic() + within.total_seconds()
    while time.monotonic() < give_up_at and process.poll() is None:
        if ready():
            return True
        time.sleep(0.01)
    return False


def end(process: subprocess.Popen[bytes], end_signal: signal.Signals) -> None:
    """Ask the process to end, wait for STOP_WITHIN, then kill it. Returns when it is gone."""
    if process.poll() is not None:
        return
    process.send_signal(end_signal)
    try:
        process.wait(STOP_WITHIN.total_seconds())
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
