"""The database that a command line verb works on: the one in DATABASE_URL, else the demo's, running or not."""

import asyncio
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cli import stack
from cli.embedded import DirectoryInUse, DirectoryLock, EmbeddedPostgres
from cli.embedded.postgres_files import ClusterFolder
from cli.embedded.postgres_roles import APP, DATABASE, passwords
from cli.embedded.processes import Unprivileged

_PORT_LINE = 3  # of postmaster.pid


class NoDatabase(Exception):
    """Raised when there is no database to work on; the message is for the person who asked."""


@contextmanager
def database_at_hand(data: Path) -> Generator[str]:
    """The address of the database, as the application's role. With no DATABASE_URL it is that of the demo in `data`:
    the running one, or else its server is started and migrated for the length of the block. SECRET_KEY and PUBLIC_URL
    are then the demo's too: nobody who only knows its folder could set them.

    Raises NoDatabase, cli.embedded.ServerFailed.
    """
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    if not (data / "postgres").is_dir():
        raise NoDatabase(f"DATABASE_URL is not set, and there is no demo in {data}. Name its folder with --data.")
    os.environ.update(_settings_of_the_demo(data))
    try:
        with DirectoryLock(data), EmbeddedPostgres(data / "postgres") as server:
            _migrate(server.owner_url)
            yield server.app_url
    except DirectoryInUse:
        yield _running(data / "postgres")


def _settings_of_the_demo(data: Path) -> dict[str, str]:
    settings = {"SECRET_KEY": stack.secret_key(data / "secret.key")}
    if (facts := data / "demo.json").exists():  # written once all was running
        settings["PUBLIC_URL"] = json.loads(facts.read_text())["login_url"].rpartition("/portal/")[0]
    return settings


def _migrate(owner_url: str) -> None:
    from cli.migrate import migrate

    asyncio.run(migrate(owner_url))


def _running(directory: Path) -> str:
    """The address of a server that another process runs in that directory."""
    folder = ClusterFolder(directory, Unprivileged.current()).locate()
    try:
        port = int((folder / "data" / "postmaster.pid").read_text().splitlines()[_PORT_LINE])
    except (OSError, ValueError, IndexError):
        raise NoDatabase(f"The demo in {directory.parent} is starting or ending: try again.") from None
    return f"postgresql://{APP}:{passwords(directory / 'passwords.json')[APP]}@127.0.0.1:{port}/{DATABASE}"
