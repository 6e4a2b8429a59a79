"""Writes tests/audit/example/: files by which somebody else's verifier can be tried, and ours is held to the format.

.venv/bin/python -m pytest tests/audit/make_example.py    # only when docs/audit-format.md gets a new number
"""

import gzip
from pathlib import Path
from random import Random

from models.database import fetch_row, single_connection
from tests.audit.damages import delete, disarm, edit, insert, rebuild
from tests.audit.sealed_log import SealedLog, exported, public_file
from workflows.audit.export.export import ExportRequest
from workflows.audit.export.inclusion import prove_consistency, prove_row
from workflows.audit.export.lines import Form

EXAMPLE = Path(__file__).parent / "example"


async def test_the_example_is_written(log: SealedLog) -> None:
    EXAMPLE.mkdir(exist_ok=True)
    public_file(log, EXAMPLE)
    forms: tuple[Form, ...] = ("ndjson", "csv")
    for form in forms:
        await exported(log, EXAMPLE / f"proven.{form}", form=form, marketplaces=[log.marketplace, log.other])
    (EXAMPLE / "proven.ndjson.gz").write_bytes(gzip.compress((EXAMPLE / "proven.ndjson").read_bytes(), mtime=0))
    row = await fetch_row("SELECT machine, entity_id, seq FROM transition_log WHERE seq = 2 ORDER BY at LIMIT 1")
    assert row is not None
    await exported(log, EXAMPLE / "proven-entity.ndjson", wanted=ExportRequest(entity=(row[0], row[1])))
    (EXAMPLE / "proven-row.ndjson").write_bytes(b"".join(await prove_row(log.marketplace, *row)))
    (EXAMPLE / "proven-consistency.ndjson").write_bytes(b"".join(await prove_consistency(log.marketplace, 1, 4)))
    keys_first = sorted(log.held.rglob("*.json"), key=lambda file: (file.parent.name != "keys", str(file)))
    (EXAMPLE / "checkpoints.ndjson").write_bytes(b"".join(file.read_bytes() for file in keys_first))
    for damage in (edit, delete, insert, rebuild):
        async with single_connection(log.database.superuser_url) as own:
            undo = own.transaction()
            await undo.start()
            await disarm()
            kind = await damage(log.marketplace, Random(3))
            await exported(log, EXAMPLE / f"{kind.replace(' ', '-')}.ndjson")
            await undo.rollback()
