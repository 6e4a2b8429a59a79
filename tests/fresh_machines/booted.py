"""A bare machine booted with systemd as its first process, by systemd-nspawn; the network stays this machine's."""

import os
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.fresh_machines.machine import Machine

_UP_WITHIN = 60  # seconds
_ENVIRONMENT = ("HOME=/root", "USER=root", "LANG=C.UTF-8", "TERM=dumb")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class BootedMachine:
    """A machine that runs; `init` is its systemd's process number here."""

    folder: Path
    init: int

    def run(self, commands: str, *, seconds: float = 1200) -> subprocess.CompletedProcess[str]:
        """Run lines of shell as root, ended by the first one that fails; return status and output."""
        enter = ["nsenter", f"--target={self.init}", "--mount", "--uts", "--ipc", "--pid", "--root", "--wd"]
        inside = ["/usr/bin/env", "-i", *_ENVIRONMENT, _PATH, *_brought(), "bash", "-euo", "pipefail"]
        return subprocess.run(
            [*enter, "--", *inside],
            input=f"cd\n{commands}",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )


@contextmanager
def booted(machine: Machine, log: IO[bytes]) -> Generator[BootedMachine]:
    """Boot the machine and halt it at the end. Raises SystemExit where systemd-nspawn is missing, TimeoutError."""
    if shutil.which("systemd-nspawn") is None:
        raise SystemExit("systemd-nspawn is missing. Install it: apt-get install systemd-container")
    argv = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", f"--directory={machine.folder}"]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield _up(machine.folder, process.pid)
    finally:
        process.terminate()  # nspawn halts the machine
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _up(folder: Path, nspawn: int) -> BootedMachine:
    give_up_at = time.monotonic() + _UP_WITHIN
    while time.monotonic() < give_up_at:
        for init in _first_processes(nspawn):
            machine = BootedMachine(folder, init)
            state = machine.run("systemctl is-system-running || true").stdout.strip()
            if state in {"running", "degraded"}:
                return machine
        time.sleep(0.5)
    raise TimeoutError(f"The machine in {folder} did not boot within {_UP_WITHIN} s.")


def _first_processes(parent: int) -> list[int]:
    """Return the descendants of `parent` that are number 1 of a namespace of their own."""
    try:
        children = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return [pid for pid in children if _is_first(pid)] or [pid for child in children for pid in _first_processes(child)]


def _is_first(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        ready = Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"
    except FileNotFoundError:
        return False
    numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
    return ready and len(numbers) > 1 and numbers[-1] == "1"


def _brought() -> list[str]:
    names = [name for name in os.environ if name.lower().endswith("_proxy") or name.startswith(("PIP_", "UV_"))]
    return [f"{name}={os.environ[name]}" for name in names] + ["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"]
