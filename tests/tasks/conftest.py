"""Processes for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tasks.processes import Processes


@pytest.fixture
def processes(database: object, valkey_url: str, tmp_path: Path) -> Iterator[Processes]:
    """Workers and dispatchers on the test's own database and an empty Valkey, ended with the test."""
    running = Processes(tmp_path)
    yield running
    running.end()
