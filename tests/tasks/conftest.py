"""Processes for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.embedded import EmbeddedValkey
from tests.tasks.processes import Processes


@pytest.fixture
def processes(database: object, valkey_url: str, tmp_path: Path) -> Iterator[Processes]:
    """Workers and dispatchers on the test's own database and an empty Valkey, ended with the test."""
    running = Processes(tmp_path)
    yield running
    running.end()


@pytest.fixture
def mortal_valkey(server_folder: Path, tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey of the test's own, which it may stop."""
    with EmbeddedValkey(server_folder / f"valkey-{tmp_path.name}", durable=False) as server:
        yield server
