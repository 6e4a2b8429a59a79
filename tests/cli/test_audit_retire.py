"""`./gatehouse audit retire` as an operator calls it: which months are due, who may drop them, what is refused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.main import main
from models.database import close_pool, fetch, open_pool, single_connection
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_subscription
from workflows.audit.export.retire import Month, months_over
from workflows.runtime.clock import frozen
from workflows.runtime.settings import settings


async def _retire(*words: object) -> int:
    """The exit status of a call, which runs an event loop of its own, in a thread without one."""

    def call() -> int:
        try:
            return main(["audit", "retire", *map(str, words)])
        except SystemExit as end:
            return int(end.code or 0)

    return await asyncio.to_thread(call)


@pytest.fixture
async def over(fresh_database: FreshDatabase) -> AsyncIterator[Month]:
    """The log's oldest month, at an instant when it and one more are over."""
    async with single_connection(fresh_database.app_url):
        month = (await months_over(datetime.max.replace(tzinfo=UTC)))[0]
    with frozen(month.to_at + timedelta(days=32)):
        yield month


async def test_so_many_full_months_are_kept_as_is_set_or_said(
    over: Month, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def told(*words: object) -> str:
        assert await _retire("--output", tmp_path / "retired", *words) == 0
        return capsys.readouterr().out

    none, due = "No month of the log is due.", f"{over.name}: 0 rows, all sealed; --drop would write"
    assert none in await told()  # 13 unless set
    assert none in await told("--months", 2)
    assert due in await told("--months", 1)
    monkeypatch.setenv("LOG_KEPT_MONTHS", "1")
    settings.cache_clear()
    assert due in await told()
    assert none in await told("--months", 2)
    assert not (tmp_path / "retired").exists()


async def test_only_the_owner_drops_and_only_when_told_to(
    over: Month, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--output", tmp_path / "retired", "--months", 1)
    monkeypatch.delenv("OWNER_DATABASE_URL")
    assert await _retire(*words) == 0
    assert await _retire(*words, "--drop") == 2
    assert await _retired(fresh_database) == []

    monkeypatch.setenv("OWNER_DATABASE_URL", fresh_database.owner_url)
    assert await _retire(*words, "--drop") == 0
    assert await _retired(fresh_database) == [over.name]


async def test_a_month_that_may_not_go_is_status_1(
    over: Month, fresh_database: FreshDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await open_pool(fresh_database.app_url, min_size=1, max_size=2)
    await a_subscription(await a_marketplace(slug="shop"))
    await close_pool()

    assert await _retire("--output", tmp_path / "retired", "--months", 1, "--drop") == 1

    assert f"{over.name}: 1 rows are not sealed yet; it stays." in capsys.readouterr().err


@pytest.mark.parametrize("months", [0, -1, 1201, 10**9, "all"])
async def test_months_that_cannot_be_kept_are_refused(
    fresh_database: FreshDatabase, tmp_path: Path, months: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _retire("--output", tmp_path, "--months", months) == 2
    assert "--months" in capsys.readouterr().err


async def test_a_log_is_retired_where_a_database_is_named(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL")

    assert await _retire("--output", tmp_path) == 2
    assert "DATABASE_URL" in capsys.readouterr().err


async def _retired(database: FreshDatabase) -> list[str]:
    async with single_connection(database.app_url):
        return [row["partition"] for row in await fetch("SELECT partition FROM retired_log")]
