"""One sealed log for the whole folder: nobody changes it but in transactions that are rolled back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cli.embedded import EmbeddedPostgres
from models.database import close_pool, open_pool, single_connection
from tests.audit.sealed_log import SealedLog, sealed_log
from tests.conftest import SETTINGS, made_database
from workflows.runtime.settings import settings


@pytest.fixture(scope="session")
async def shared_log(
    postgres_server: EmbeddedPostgres,
    administrator: Any,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SealedLog]:
    folder = tmp_path_factory.mktemp("sealed")
    async with made_database(postgres_server, administrator, template_database) as fresh:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in SETTINGS.items():
                patch.setenv(name, value)
            await open_pool(fresh.app_url, min_size=1, max_size=4)
            made = await sealed_log(fresh, folder, patch)
            await close_pool()
        settings.cache_clear()
        yield made


@pytest.fixture
async def log(shared_log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SealedLog]:
    """The shared log, to be read as the application's role; its key is the deployment's."""
    monkeypatch.setenv("AUDIT_KEY_FILE", str(shared_log.key_file))
    settings.cache_clear()
    async with single_connection(shared_log.database.app_url):
        yield shared_log


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.ndjson"
