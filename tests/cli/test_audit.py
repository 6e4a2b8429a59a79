"""`./gatehouse audit` as an operator and an auditor use it: a key, exports, verification, proofs, another key."""

import asyncio
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from cli.main import main
from models.database import close_pool, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_subscription
from workflows.audit.proof.seal import seal_all
from workflows.runtime.settings import settings


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
    digits = _digits(tmp_path / "audit.key.pub")
    monkeypatch.setenv("GATEHOUSE_CALLED_FROM", str(tmp_path))
    for given in ("--key=audit.key.pub", f"--key={digits}", f"--key={'0' * 64}"):
        assert _audit("verify", "log.ndjson.gz", given) == (5 if given.endswith("00") else 0), given
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


async def test_a_file_that_cannot_be_written_is_said_so(
    fresh_database: FreshDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.csv").mkdir()
    for output, says in (
        (tmp_path / "nowhere" / "log.csv", f"There is no folder {tmp_path / 'nowhere'}.\n"),
        (tmp_path / "folder.csv", f"{tmp_path / 'folder.csv'} is a folder: name a file.\n"),
    ):
        assert await _aside("export", "--output", output) == 2
        assert capsys.readouterr().err == says
    assert _names(tmp_path) == ["folder.csv"]


async def test_a_marketplace_named_twice_is_exported_once(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    await _sealed(fresh_database)
    file = tmp_path / "log.ndjson"

    assert await _aside("export", "--output", file, "--marketplace", "shop", "--marketplace", "shop") == 0

    assert file.read_bytes().count(b'{"type":"export"') == 1


def _digits(public: Path) -> str:
    return load_pem_public_key(public.read_bytes()).public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def _aside(*words: object) -> int:
    """A call that runs an event loop of its own, in a thread without one."""
    return await asyncio.to_thread(_audit, *words)
