"""`./gatehouse audit` as an operator and an auditor use it: a key, exports, verification, proofs, another key."""

import asyncio
from pathlib import Path

import pytest

from cli.main import main
from models.database import close_pool, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_subscription
from workflows.audit.seal import seal_all
from workflows.settings import settings


async def _sealed(database: FreshDatabase) -> str:
    """One sealed subscription; its row's name."""
    await open_pool(database.app_url, min_size=1, max_size=2)
    await a_subscription(await a_marketplace(slug="shop"))
    await seal_all({})
    entity = await fetch_value("SELECT entity_id FROM transition_log")
    await close_pool()
    return f"subscription/{entity}"


def _audit(*words: object) -> int:
    """The exit status of a call."""
    try:
        return main(["audit", *(str(word) for word in words)])
    except SystemExit as end:
        return int(end.code or 0)


async def test_from_a_key_to_a_verdict(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, export = tmp_path / "audit.key", tmp_path / "log.ndjson.gz"
    assert _audit("key", "new", key) == 0
    assert key.stat().st_mode & 0o077 == 0
    assert _audit("key", "new", key) == 2
    monkeypatch.setenv("AUDIT_KEY_FILE", str(key))
    settings.cache_clear()
    entity = await _sealed(fresh_database)
    verdict = ("--key", f"{key}.pub", "--checkpoints", tmp_path / "held.ndjson")

    assert await _aside("export", "--output", export) == 0
    assert await _aside("export", "--output", tmp_path / "one.csv", "--entity", entity) == 0
    assert await _aside("checkpoints", "--output", tmp_path / "held.ndjson") == 0
    assert await _aside("proof", f"{entity}/1", "--output", tmp_path / "row.ndjson") == 0

    for file in (export, tmp_path / "one.csv", tmp_path / "row.ndjson"):
        assert _audit("verify", file, *verdict) == 0
    assert _audit("verify", export) == 3
    export.write_bytes(export.read_bytes()[:-10])
    assert _audit("verify", export, *verdict) == 4


async def test_what_cannot_be_is_refused(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    output = ("--output", tmp_path / "out.ndjson")
    assert await _aside("export", "--output", tmp_path / "log.xml") == 2
    assert await _aside("export", *output, "--marketplace", "nobody") == 2
    assert await _aside("export", *output, "--entity", "nonsense") == 2
    assert await _aside("proof", "nonsense", *output) == 2
    assert await _aside("consistency", 1, 2, *output) == 2
    assert await _aside("key", "show", tmp_path / "nowhere") == 2
    assert not (tmp_path / "out.ndjson").exists()


async def _aside(*words: object) -> int:
    """A call that runs an event loop of its own, in a thread without one."""
    return await asyncio.to_thread(_audit, *words)
