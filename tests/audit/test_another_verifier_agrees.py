"""A verifier by another hand, written from docs/audit-format.md alone, says of fifty exports what ours says."""

import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.database import fetch, fetch_row, single_connection
from tests.audit.another.verdict import PROVEN, verdict
from tests.audit.damages import DAMAGES, disarm
from tests.audit.sealed_log import SealedLog, exported
from tests.audit.test_bad_files import FILES
from verifier.verify import verify
from workflows.audit.export.export import ExportRequest

EXPORTS = 50
DAMAGED_IN_THE_DATABASE = 26
_SEEDS = 2_000  # others than those of test_tampering
# Those of which the document says in which line the flaw is.
_DAMAGED_FILES = (
    "something else", "no last line", "no more than the header", "no unsealed rows", "a row says otherwise",
    "a row is left out", "rows change places", "a row is there twice", "a line is of no type",
    "checkpoints change places", "a checkpoint is left out", "a checkpoint says otherwise", "another tree",
)  # fmt: skip


async def test_fifty_exports_are_judged_alike(shared_log: SealedLog, log: SealedLog, tmp_path: Path) -> None:
    held = [json.loads(file.read_text()) for file in sorted(log.held.rglob("*.json"))]

    judged = [
        (file.name, _by_ours(file, log), _by_the_other(file, log, held))
        async for file in _all(shared_log, tmp_path)
    ]  # fmt: skip

    assert [one for one in judged if one[1] != one[2]] == []
    assert len(judged) == EXPORTS
    assert len([one for one in judged if one[1][0] == PROVEN]) == EXPORTS - DAMAGED_IN_THE_DATABASE - len(
        _DAMAGED_FILES
    )
    assert len({kind for _, (_, kind, _), _ in judged}) > 10


def _by_ours(file: Path, log: SealedLog) -> tuple[int, str | None, int | None]:
    report = verify(file, log.public, log.held)
    first = report.first
    return report.status, first.kind if first else None, first.line if first else None


def _by_the_other(file: Path, log: SealedLog, held: list[dict[str, Any]]) -> tuple[int, str | None, int | None]:
    found = verdict(file, log.public, held)
    return found.status, found.first.kind if found.first else None, found.first.line if found.first else None


async def _all(log: SealedLog, folder: Path) -> AsyncIterator[Path]:
    async for file in _that_fit(log, folder):
        yield file
    lines = (await exported(log, folder / "whole.ndjson")).read_bytes().splitlines(keepends=True)
    for name in _DAMAGED_FILES:
        (file := folder / f"{name}.ndjson").write_bytes(b"".join(FILES[name][0](lines)))
        yield file
    for number in range(DAMAGED_IN_THE_DATABASE):
        yield await _damaged(log, number, folder)


async def _that_fit(log: SealedLog, folder: Path) -> AsyncIterator[Path]:
    """Every scope and form, several marketplaces, packed, and with a key that followed another."""
    both = [log.marketplace, log.other]
    whole = await exported(log, folder / "all.ndjson")
    yield whole
    yield _with_another_key(whole, log, folder / "two keys.ndjson")
    yield await exported(log, folder / "all.csv", form="csv")
    yield await exported(log, folder / "both.ndjson", marketplaces=both)
    yield await exported(log, folder / "both.csv", form="csv", marketplaces=both)
    (packed := folder / "both.csv.gz").write_bytes(gzip.compress((folder / "both.csv").read_bytes()))
    yield packed
    for number, wanted in enumerate([*await _ranges(log), *await _entities(log)]):
        form = "csv" if number % 2 else "ndjson"
        yield await exported(log, folder / f"part {number}.{form}", form=form, wanted=wanted)


async def _ranges(log: SealedLog) -> list[ExportRequest]:
    times = await fetch("SELECT last_at FROM checkpoint WHERE marketplace_id = $1 ORDER BY number", log.marketplace)
    first, second, third, fourth = (row["last_at"] for row in times)
    moment = timedelta(microseconds=1)
    return [
        ExportRequest(since=second, until=second + moment),
        ExportRequest(since=third, until=fourth + moment),
        ExportRequest(until=first),
    ]


async def _entities(log: SealedLog) -> list[ExportRequest]:
    row = await fetch_row(
        "SELECT machine, entity_id FROM transition_log WHERE marketplace_id = $1 GROUP BY 1, 2 ORDER BY count(*) DESC",
        log.marketplace,
    )
    assert row is not None
    return [ExportRequest(entity=(row["machine"], row["entity_id"]))] * 2


def _with_another_key(whole: Path, log: SealedLog, file: Path) -> Path:
    """The last checkpoint signed by a second key, which the first one signed in."""
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    name = sha256(public).hexdigest()[:16]
    lines = [json.loads(line) for line in whole.read_text().splitlines()]
    first = next(line for line in lines if line.get("type") == "key")
    statement = (
        f"gatehouse-key-1\nkey {name}\npublic {public.hex()}\nprevious {first['key']}\nat 2026-11-26T14:00:00.000000Z\n"
    )
    brought = {"type": "key", "statement": statement, "key": first["key"]}
    lines.insert(lines.index(first) + 1, {**brought, "signature": log.key.private.sign(statement.encode()).hex()})
    last = [line for line in lines if line.get("type") == "checkpoint"][-1]
    last.update(key=name, signature=key.sign(last["statement"].encode()).hex())
    file.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines))
    return file


async def _damaged(log: SealedLog, number: int, folder: Path) -> Path:
    """An export of the log as a superuser left it, who then thought better of it."""
    damage = DAMAGES[number % len(DAMAGES)]
    async with single_connection(log.database.superuser_url) as own:
        undo = own.transaction()
        await undo.start()
        await disarm()
        await damage(log.marketplace, Random(_SEEDS + number))
        file = await exported(log, folder / f"{damage.__name__} {number}.ndjson")
        await undo.rollback()
    return file
