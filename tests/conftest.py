"""Real servers for every test: PostgreSQL and Valkey from wheels, started once, a fresh database each time.

`database` opens the pool as the application's role, as every process does; nothing here is faked.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from cli.embedded import EmbeddedPostgres, EmbeddedValkey
from cli.migrate import migrate
from models.database import DB, close_pool, open_pool
from workflows.runtime.settings import settings

_TEMPLATE = "gatehouse_template"
SETTINGS = {
    "SECRET_KEY": "test:0123456789abcdef0123456789abcdef0123456789",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "ENVIRONMENT": "development",
    "MAILER": "capture",
}
_ROOM = 4 * 2**30  # bytes: what the databases of a whole run take at most, with their log
_GIVE_BACK_WITHIN = 10  # seconds: what a pool may take to close before a test counts as leaking
_numbers = count(1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses tests that are called alike: of those, xdist would run one and say that all is well."""
    alike = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if alike:
        raise pytest.UsageError(f"several tests are called {', '.join(alike)}")


@dataclass(frozen=True)
class FreshDatabase:
    """One test's own migrated database, and its address for each role."""

    name: str
    app_url: str
    owner_url: str
    auditor_url: str
    superuser_url: str


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the servers' own user can reach, in memory where there is room: a thousand databases are made."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-tests-", dir=_memory()) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def _memory() -> Path | None:
    shared = Path("/dev/shm")  # noqa: S108 - a file system, not a file; the folder in it gets a name of its own
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > _ROOM else None


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(server_folder / "postgres", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server(server_folder: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(server_folder / "valkey", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
async def administrator(postgres_server: EmbeddedPostgres) -> AsyncIterator[Any]:
    """The superuser's connection that makes and drops databases."""
    connection = await asyncpg.connect(postgres_server.url("postgres", "postgres"))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template_database(postgres_server: EmbeddedPostgres, administrator: Any) -> str:
    """The migrated database that every test gets a copy of."""
    await administrator.execute(f"CREATE DATABASE {_TEMPLATE} OWNER gatehouse_owner")
    await migrate(postgres_server.url("gatehouse_owner", _TEMPLATE))
    return _TEMPLATE


@pytest.fixture(autouse=True)
def deployment_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of a deployment, so that `workflows.runtime.settings.settings()` works; read anew in each test."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
async def fresh_database(
    postgres_server: EmbeddedPostgres, administrator: Any, template_database: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FreshDatabase]:
    """A database of the test's own, DATABASE_URL naming it; for tests whose processes open their own pools."""
    async with made_database(postgres_server, administrator, template_database) as fresh:
        monkeypatch.setenv("DATABASE_URL", fresh.app_url)
        monkeypatch.setenv("OWNER_DATABASE_URL", fresh.owner_url)
        settings.cache_clear()
        yield fresh


@pytest.fixture
async def empty_database(postgres_server: EmbeddedPostgres, administrator: Any) -> AsyncIterator[FreshDatabase]:
    """A database that nobody has migrated."""
    async with made_database(postgres_server, administrator, "template1") as fresh:
        yield fresh


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[FreshDatabase]:
    """The same, with this process's pool open on it as gatehouse_app."""
    await open_pool(fresh_database.app_url, min_size=1, max_size=8)
    yield fresh_database
    try:
        async with asyncio.timeout(_GIVE_BACK_WITHIN):
            await close_pool()
    except TimeoutError:
        DB.pool = None  # terminated; the next test opens its own
        pytest.fail("a connection was never given back to the pool")


@pytest.fixture
def valkey_url(valkey_server: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty Valkey, REDIS_URL naming it."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    monkeypatch.setenv("REDIS_URL", valkey_server.url)
    settings.cache_clear()
    return valkey_server.url


@asynccontextmanager
async def made_database(server: EmbeddedPostgres, administrator: Any, template: str) -> AsyncGenerator[FreshDatabase]:
    """A database copied from `template`, dropped at the end of the block."""
    name = f"test_{next(_numbers)}"
    await administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER gatehouse_owner")
    try:
        roles = ("gatehouse_app", "gatehouse_owner", "gatehouse_auditor", "postgres")
        yield FreshDatabase(name, *(server.url(role, name) for role in roles))
    finally:
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
