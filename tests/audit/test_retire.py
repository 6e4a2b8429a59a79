"""Months of the log are dropped if, and only if, a proven export holds all of them; what is kept verifies."""

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli.audit_retire import retire
from models.database import close_pool, execute, fetch, fetch_value, open_pool, single_connection
from tests.audit.sealed_log import SealedLog, sealed_log
from tests.conftest import FreshDatabase
from verifier.verify import verify
from workflows.audit.export.export import export
from workflows.audit.export.retire import months_over
from workflows.audit.invariants.check import check_invariants


@pytest.fixture
async def split(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[SealedLog, datetime]:
    """A sealed log whose month is split in two in the middle of a checkpoint, as months are; and where."""
    await open_pool(fresh_database.app_url, min_size=1, max_size=4)
    log = await sealed_log(fresh_database, tmp_path, monkeypatch)
    await close_pool()
    async with single_connection(fresh_database.superuser_url):
        middle: Any = await fetch_value(
            "SELECT at FROM transition_log WHERE marketplace_id = $1 AND at > (SELECT first_at FROM checkpoint"
            " WHERE marketplace_id = $1 AND number = 3) ORDER BY at OFFSET 9 LIMIT 1",
            log.marketplace,
        )
        month = (await months_over(datetime.max.replace(tzinfo=middle.tzinfo)))[0]
        await execute(f"ALTER TABLE transition_log DETACH PARTITION {month.name}")
        for name, first, last in (("early", month.from_at, middle), ("late", middle, month.to_at)):
            await execute(
                f"CREATE TABLE transition_log_{name} PARTITION OF transition_log"
                f" FOR VALUES FROM ('{first.isoformat()}') TO ('{last.isoformat()}')"
            )
            await execute(f"ALTER TABLE transition_log_{name} OWNER TO gatehouse_owner")
            await execute(f"GRANT SELECT ON transition_log_{name} TO gatehouse_app")
        await execute(f"INSERT INTO transition_log SELECT * FROM {month.name}")
        await execute(f"DROP TABLE {month.name}")
    return log, middle


async def rows_at(url: str) -> int:
    async with single_connection(url):
        return await fetch_value("SELECT count(*) FROM transition_log")


async def test_a_dry_run_changes_nothing_and_a_drop_leaves_what_verifies(
    split: tuple[SealedLog, datetime], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (log, middle), database, folder = split, split[0].database, tmp_path / "retired"
    all_rows = await rows_at(database.app_url)

    assert not await retire(database.app_url, "", folder, middle, dropping=False)
    assert "would write" in capsys.readouterr().out
    assert (await rows_at(database.app_url), folder.exists()) == (all_rows, False)

    assert not await retire(database.app_url, database.owner_url, folder, middle, dropping=True)

    lines = gzip.decompress((folder / "transition_log_early.ndjson.gz").read_bytes()).splitlines()
    retired = [json.loads(line) for line in lines]
    early = {row["hash"]: row for row in retired if "hash" in row and datetime.fromisoformat(row["at"]) < middle}
    assert await rows_at(database.app_url) == all_rows - len(early) > 0
    async with single_connection(database.app_url):
        firsts = await fetch(
            "SELECT DISTINCT ON (machine, entity_id) seq, encode(previous_hash, 'hex') AS previous FROM transition_log"
            " ORDER BY machine, entity_id, seq"
        )
        kept = tmp_path / "kept.ndjson"
        kept.write_bytes(b"".join([piece async for piece in export("ndjson", [log.marketplace])]))
        checked = await check_invariants(full=True, only=["state_as_logged", "log_ends_with_row"])
        assert [one.breaches for one in checked] == [[], []]
    cut = [row for row in firsts if row["seq"] > 1]
    assert cut
    assert all(row["previous"] in early for row in cut), "the chain goes on from the retired export"
    assert verify(folder / "transition_log_early.ndjson.gz", log.public).status == 0
    assert verify(kept, log.public).status == 0


async def test_a_month_with_rows_that_nothing_seals_stays(
    split: tuple[SealedLog, datetime], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, _ = split
    month_end = (await _months(log))[-1]

    assert await retire(log.database.app_url, log.database.owner_url, tmp_path / "r", month_end, dropping=True)

    assert "rows are not sealed yet; it stays" in capsys.readouterr().err


async def _months(log: SealedLog) -> list[datetime]:
    async with single_connection(log.database.app_url):
        rows = await fetch("SELECT max(at) AS last FROM transition_log")
        months = await months_over(datetime.max.replace(tzinfo=rows[0]["last"].tzinfo))
        return [month.to_at for month in months if month.from_at <= rows[0]["last"]]


@pytest.mark.parametrize("damage", ["cut", "another's"])
async def test_a_month_whose_file_is_not_all_of_it_stays(
    split: tuple[SealedLog, datetime], tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log, middle = split
    file = tmp_path / "retired" / "transition_log_early.ndjson.gz"
    file.parent.mkdir()
    async with single_connection(log.database.app_url):
        whose = log.marketplace if damage == "cut" else log.other
        pieces = b"".join([piece async for piece in export("ndjson", [whose])])
    file.write_bytes(gzip.compress(pieces[: len(pieces) // 2] if damage == "cut" else pieces))
    rows = await rows_at(log.database.app_url)

    assert await retire(log.database.app_url, log.database.owner_url, file.parent, middle, dropping=True)

    assert "nothing is dropped" in capsys.readouterr().err
    assert await rows_at(log.database.app_url) == rows


async def test_the_application_can_drop_no_month(split: tuple[SealedLog, datetime]) -> None:
    log, _ = split
    async with single_connection(log.database.app_url):
        for statement in (
            "DROP TABLE transition_log_early",
            "ALTER TABLE transition_log DETACH PARTITION transition_log_early",
            "INSERT INTO retired_log VALUES ('x', now() - interval '1 day', now(), 0, now())",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await execute(statement)
