"""A bare Debian in a folder: made by debootstrap, entered in namespaces of its own. Needs root.

    with bare_machine("trixie") as machine:
        project = machine.receive_clone(of=ROOT, user="root")
        machine.run("root", "./gatehouse --version", project)

The machine has Python, git and the CA certificates, and what this machine needs to reach its mirrors: the settings
of apt and pip, and its own certificates. The network is shared, so that ports are this machine's.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SUITES = ("bookworm", "trixie")

_PACKAGES = "ca-certificates,python3,git"
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_SETTINGS = ("etc/pip.conf", "etc/hosts", "etc/resolv.conf", _CERTIFICATES, "usr/local/share/ca-certificates")
_FROM_OUTSIDE = re.compile(
    r"(https?|no|all)_proxy|PIP_(INDEX_URL|CERT|DEFAULT_TIMEOUT)|UV_(INDEX.*|DEFAULT_INDEX)", re.IGNORECASE
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STOP_SECONDS = 30

# $0 is the machine's folder, $1 the user, the rest is the command.
_ENTER = """
set -eu
mount --make-rprivate /
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount --rbind /sys "$0/sys"
mount -t tmpfs -o mode=1777 shm "$0/dev/shm"
user=$1
shift
exec chroot --userspec="$user:$user" "$0" "$@"
"""


@dataclass(frozen=True)
class Machine:
    """One bare machine; `folder` is its root directory."""

    folder: Path

    def receive_clone(self, *, of: Path, user: str) -> str:
        """Clone the checkout `of` into the user's home; return the clone's path inside the machine."""
        self._add_user(user)
        path = f"{_home(user)}/gatehouse"
        outside = self.folder / path.lstrip("/")
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", of, outside], check=True)
        self._own(outside, user)
        return path

    def run(
        self, user: str, command: str, folder: str = "", *, seconds: float = 3600, log: IO[bytes] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command as the user, in `folder` (the user's home if empty); return status and output.

        With `log` both streams go there. Raises TimeoutExpired after `seconds`; nothing that it started is left.
        """
        output = subprocess.PIPE if log is None else log
        process = self._popen(user, command, folder, stdout=output, text=True)
        try:
            stdout, _ = process.communicate(timeout=seconds)
        finally:
            stop(process)
        return subprocess.CompletedProcess(command, process.returncode, stdout or "")

    def start(self, user: str, command: str, folder: str, log: IO[bytes]) -> subprocess.Popen[str]:
        """Start one command as the machine's first process; end it with `stop`."""
        return self._popen(user, f"exec {command}", folder, stdout=log, text=True)

    def _popen(
        self, user: str, command: str, folder: str, *, stdout: IO[bytes] | int, text: bool
    ) -> subprocess.Popen[str]:
        self._add_user(user)
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", _ENTER, str(self.folder), user]
        inside = ["/usr/bin/env", "-i", *_environment(user), "bash", "-c", f"cd {folder or _home(user)} && {command}"]
        return subprocess.Popen(
            [*argv, *inside],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=text,
            errors="replace",
        )

    def _add_user(self, user: str) -> None:
        if (self.folder / _home(user).lstrip("/")).is_dir():
            return
        subprocess.run(["chroot", self.folder, "useradd", "--create-home", "--shell", "/bin/bash", user], check=True)

    def _own(self, path: Path, user: str) -> None:
        owner = (self.folder / _home(user).lstrip("/")).stat()
        for each in (path, *path.rglob("*")):
            os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextmanager
def bare_machine(suite: str, parent: Path | None = None, *, base: Machine | None = None) -> Generator[Machine]:
    """Make a bare machine below `parent` (the folder for temporary files by default) and remove it afterwards.

    With `base`, a machine that nothing was done in, it is copied from there, which takes seconds instead of minutes.
    """
    with tempfile.TemporaryDirectory(prefix=f"{suite}-", dir=parent, ignore_cleanup_errors=True) as name:
        folder = Path(name) / "root"
        if base is None:
            _debootstrap(suite, folder)
        else:
            subprocess.run(["cp", "-a", "--reflink=auto", base.folder, folder], check=True)
        Path(name).chmod(0o755)  # ordinary users pass through
        yield Machine(folder)


def stop(process: subprocess.Popen[str]) -> None:
    """End what `Machine.start` started, in good order if it ends within 30 seconds."""
    if process.poll() is not None:
        return
    for child in _children(process.pid):
        os.kill(child, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # takes the namespace's first process along, and that one all others
        process.wait()


def _debootstrap(suite: str, folder: Path) -> None:
    if shutil.which("debootstrap") is None:
        raise SystemExit("debootstrap is missing. Install it: apt-get install debootstrap")
    argv: Sequence[str | Path] = [
        "debootstrap",
        "--variant=minbase",
        f"--include={_PACKAGES}",
        suite,
        folder,
        _mirror(),
    ]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SystemExit(f"debootstrap {suite} failed: {(made.stdout + made.stderr)[-800:]}")
    _bring_settings(folder)


def _mirror() -> str:
    """Return the Debian mirror that this machine's apt uses."""
    for file in (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))):
        found = re.search(r"https?://\S+/debian/?(?=\s|$)", file.read_text()) if file.is_file() else None
        if found:
            return found.group()
    raise SystemExit("This machine's apt names no Debian mirror: run this on Debian.")


def _bring_settings(folder: Path) -> None:
    settings = [Path("/") / name for name in _SETTINGS]
    settings += [file for file in Path("/etc/apt/apt.conf.d").iterdir() if "Acquire" in file.read_text()]
    for source in settings:
        target = folder / source.relative_to("/")
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(source, target)


def _home(user: str) -> str:
    return "/root" if user == "root" else f"/home/{user}"


def _environment(user: str) -> list[str]:
    own = {"HOME": _home(user), "USER": user, "LANG": "C.UTF-8", "PATH": _PATH, "SSL_CERT_FILE": f"/{_CERTIFICATES}"}
    brought = {name: value for name, value in os.environ.items() if _FROM_OUTSIDE.fullmatch(name)}
    return [f"{name}={value}" for name, value in {**own, **brought}.items()]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
