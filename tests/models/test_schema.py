"""The Table classes say what the migrations made; migrations run once, whoever asks; processes hold no power."""

import asyncio
import subprocess
import sys

import asyncpg
import pytest

from cli.migrate import machine_rules, migrate
from models.database import close_pool, execute, fetch, open_pool, single_connection
from models.drift import drift
from models.roles import PowerfulRole, refuse_powerful_role
from models.schema import SchemaUnready, publish_rules
from models.sql_migration import FOLDER
from tests.conftest import FreshDatabase

_MIGRATIONS = len(list(FOLDER.glob("*.sql")))


@pytest.mark.usefixtures("database")
async def test_the_table_classes_describe_the_migrated_database() -> None:
    assert await drift() == []


async def test_drift_is_seen_in_both_directions(fresh_database: FreshDatabase) -> None:
    async with single_connection(fresh_database.owner_url):
        await execute("ALTER TABLE customer ADD COLUMN nickname text")
        await execute("ALTER TABLE customer DROP COLUMN locale")
        await execute("ALTER TABLE customer ALTER COLUMN name DROP NOT NULL")
        await execute("ALTER TABLE staff ALTER COLUMN role TYPE varchar(20)")

        assert await drift() == [
            "customer.locale: the table class says text, the database nothing",
            "customer.name: the table class says text NOT NULL, the database text",
            "customer.nickname: the table class says nothing, the database text",
            "staff.role: the table class says text NOT NULL, the database character varying(20) NOT NULL",
        ]


async def test_a_migrated_database_is_migrated_again_without_change(fresh_database: FreshDatabase) -> None:
    async with single_connection(fresh_database.owner_url):
        before = await fetch("SELECT * FROM migration ORDER BY id")

        await migrate(fresh_database.owner_url)

        assert await fetch("SELECT * FROM migration ORDER BY id") == before
        assert len(before) == _MIGRATIONS


async def test_ten_at_once_migrate_an_empty_database_once(empty_database: FreshDatabase) -> None:
    await asyncio.gather(*(migrate(empty_database.owner_url) for _ in range(10)))

    async with single_connection(empty_database.owner_url):
        ran = [row["name"] for row in await fetch("SELECT name FROM migration ORDER BY name")]
        assert len(ran) == len(set(ran)) == _MIGRATIONS
        assert await drift() == []


async def test_a_failing_migration_leaves_nothing_of_itself_behind(empty_database: FreshDatabase) -> None:
    async with single_connection(empty_database.owner_url):
        await execute("CREATE TABLE subscription (in_the_way boolean)")
        with pytest.raises(asyncpg.DuplicateTableError):
            await migrate(empty_database.owner_url)

        assert len(await fetch("SELECT FROM migration")) == 2
        assert not await fetch("SELECT FROM pg_tables WHERE tablename IN ('product', 'charge')")

        await execute("DROP TABLE subscription")
        await migrate(empty_database.owner_url)
        assert await drift() == []


async def test_published_rules_are_exactly_the_defined_ones(fresh_database: FreshDatabase) -> None:
    async with single_connection(fresh_database.owner_url):
        await publish_rules([*machine_rules(), ("subscription", "completed", "revive", "active")])
        await publish_rules(machine_rules())

        published = {
            tuple(row) for row in await fetch("SELECT machine, from_state, trigger, to_state FROM machine_rule")
        }
        assert published == set(machine_rules())


async def test_a_missing_role_is_named(monkeypatch: pytest.MonkeyPatch, empty_database: FreshDatabase) -> None:
    monkeypatch.setattr("models.schema.ROLES", ("gatehouse_owner", "gatehouse_janitor"))

    with pytest.raises(SchemaUnready, match="gatehouse_janitor"):
        await migrate(empty_database.owner_url)


async def test_an_old_server_is_refused(monkeypatch: pytest.MonkeyPatch, empty_database: FreshDatabase) -> None:
    monkeypatch.setattr("models.schema._OLDEST_SERVER", 99)

    with pytest.raises(SchemaUnready, match="PostgreSQL 99 or newer is needed; this server is 18"):
        await migrate(empty_database.owner_url)


async def test_the_applications_role_is_let_in(database: FreshDatabase) -> None:
    assert "gatehouse_app" in database.app_url
    await refuse_powerful_role()


@pytest.mark.parametrize(("role", "reason"), [("superuser_url", "a superuser"), ("owner_url", "the owner of")])
async def test_a_powerful_role_is_refused(fresh_database: FreshDatabase, role: str, reason: str) -> None:
    await open_pool(getattr(fresh_database, role), min_size=1)
    try:
        with pytest.raises(PowerfulRole, match=reason):
            await refuse_powerful_role()
    finally:
        await close_pool()


async def test_a_member_of_the_owner_is_refused(fresh_database: FreshDatabase) -> None:
    async with single_connection(fresh_database.superuser_url):
        await execute("CREATE ROLE climber LOGIN PASSWORD 'climber' IN ROLE gatehouse_owner")
    address = fresh_database.app_url.rpartition("@")[2]
    try:
        await open_pool(f"postgresql://climber:climber@{address}", min_size=1)
        with pytest.raises(PowerfulRole, match="the owner of"):
            await refuse_powerful_role()
    finally:
        await close_pool()
        async with single_connection(fresh_database.superuser_url):
            await execute("DROP ROLE climber")


def test_the_verb_migrates_and_checks(empty_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_DATABASE_URL", empty_database.owner_url)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", "migrate", *words], capture_output=True, text=True, check=False
        )

    before, migrated, after = run("--check"), run(), run("--check")

    assert before.returncode == 1
    assert "not yet run: 2026-11-22T00:00:00:000001" in before.stdout
    assert (migrated.returncode, after.returncode, after.stdout) == (0, 0, "The schema is this version's.\n")
