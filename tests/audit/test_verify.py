"""An export that nobody touched is proven, whatever its form and scope; so are proofs of one row and of two trees."""

import gzip
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from cli.audit_keys import make_key
from models.database import Record, execute, fetch, fetch_row, fetch_value, single_connection
from tests.audit.another.verdict import verdict
from tests.audit.damages import disarm
from tests.audit.sealed_log import SealedLog, exported
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_subscription
from verifier.findings import PROVEN
from verifier.verify import verify
from workflows.audit.export.export import ExportRequest, export
from workflows.audit.export.inclusion import prove_consistency, prove_row
from workflows.audit.export.lines import Form
from workflows.audit.proof.seal import seal_all
from workflows.runtime.errors import InvalidInput, NotFound
from workflows.runtime.settings import settings

FORMS: tuple[Form, ...] = ("ndjson", "csv")


@pytest.mark.parametrize("form", FORMS)
async def test_an_untouched_export_is_proven(log: SealedLog, tmp_path: Path, form: Form) -> None:
    file = await exported(log, tmp_path / f"export.{form}", form=form)
    report = verify(file, log.public, log.held)

    assert report.findings == []
    assert report.status == PROVEN
    rows = await fetch_value("SELECT count(*) FROM transition_log WHERE marketplace_id = $1", log.marketplace)
    sealed = await fetch_value("SELECT max(size) FROM checkpoint WHERE marketplace_id = $1", log.marketplace)
    assert (report.rows, report.checkpoints, report.unsealed) == (rows, 4, rows - sealed)
    assert 0 < sealed < rows
    assert len(report.notes) == 1
    assert _from_line(report.notes[0], file) == rows - sealed


def _from_line(note: str, file: Path) -> int:
    """How many rows stand from the line that the note names until the end."""
    line = int(note.removeprefix("From line ").partition(":")[0])
    before, *rest = file.read_text().splitlines()[line - 2 :]
    assert "unsealed" in before
    return sum('"type"' not in one for one in rest)


async def test_several_marketplaces_are_parts_of_one_file(log: SealedLog, tmp_path: Path) -> None:
    plain = await exported(log, tmp_path / "both.ndjson", marketplaces=[log.marketplace, log.other])
    (tmp_path / "both.ndjson.gz").write_bytes(gzip.compress(plain.read_bytes()))

    report = verify(tmp_path / "both.ndjson.gz", log.public, log.held)

    assert (report.findings, report.status) == ([], PROVEN)
    assert report.checkpoints == 5


async def test_a_marketplace_in_which_nothing_happened_yet_keeps_nobody_from_a_proof(
    log: SealedLog, tmp_path: Path
) -> None:
    quiet = (await a_marketplace()).id
    file = await exported(log, tmp_path / "both.ndjson", marketplaces=[log.marketplace, quiet])

    assert verify(file, log.public, log.held).status == PROVEN
    assert verdict(file, log.public, []).status == PROVEN


@pytest.mark.parametrize("form", FORMS)
async def test_a_range_is_whole_checkpoints_and_proven(log: SealedLog, tmp_path: Path, form: Form) -> None:
    first = await fetch_row(
        "SELECT first_at, last_at FROM checkpoint WHERE marketplace_id = $1 AND number = 2", log.marketplace
    )
    assert first is not None
    wanted = ExportRequest(since=first["last_at"], until=first["last_at"] + timedelta(microseconds=1))

    report = verify(await exported(log, tmp_path / f"range.{form}", form=form, wanted=wanted), log.public, log.held)

    assert (report.findings, report.status) == ([], PROVEN)
    sizes = await fetch("SELECT size FROM checkpoint WHERE marketplace_id = $1 ORDER BY number", log.marketplace)
    assert (report.checkpoints, report.rows) == (1, sizes[1]["size"] - sizes[0]["size"])


@pytest.mark.parametrize("form", FORMS)
async def test_one_entitys_rows_come_with_their_places(log: SealedLog, tmp_path: Path, form: Form) -> None:
    longest = await _longest(log)
    wanted = ExportRequest(entity=("subscription", longest["entity_id"]))

    report = verify(await exported(log, tmp_path / f"one.{form}", form=form, wanted=wanted), log.public, log.held)

    assert (report.findings, report.status) == ([], PROVEN)
    assert report.rows == longest["rows"]


async def test_every_row_under_a_checkpoint_can_be_proven_alone(log: SealedLog, tmp_path: Path) -> None:
    rows = await fetch(
        "SELECT machine, entity_id, seq FROM transition_log WHERE marketplace_id = $1"
        " AND xid < (SELECT max(below_xid) FROM checkpoint)",
        log.marketplace,
    )
    proof = tmp_path / "proof.ndjson"
    for row in rows:
        proof.write_bytes(b"".join(await prove_row(log.marketplace, *row)))
        report = verify(proof, log.public, log.held)
        assert (report.findings, report.status, report.rows) == ([], PROVEN, 1)


async def test_a_proof_of_another_row_is_none(log: SealedLog, tmp_path: Path) -> None:
    longest = await _longest(log)
    first = await prove_row(log.marketplace, "subscription", longest["entity_id"], 1)
    second = await prove_row(log.marketplace, "subscription", longest["entity_id"], 2)
    (tmp_path / "mixed.ndjson").write_bytes(b"".join([*first[:-3], second[-3], *first[-2:]]))

    assert [one.kind for one in verify(tmp_path / "mixed.ndjson", log.public).findings] == ["unproven row"]


async def test_what_is_not_sealed_cannot_be_proven(log: SealedLog) -> None:
    newest = await fetch_row(
        "SELECT entity_id, seq FROM transition_log WHERE marketplace_id = $1 ORDER BY at DESC LIMIT 1", log.marketplace
    )
    assert newest is not None
    with pytest.raises(InvalidInput, match="not sealed yet"):
        await prove_row(log.marketplace, "subscription", *newest)
    with pytest.raises(NotFound):
        await prove_row(log.marketplace, "charge", *newest)
    with pytest.raises(NotFound):
        await prove_row(log.other, "subscription", *newest)


async def test_every_two_checkpoints_are_proven_consistent(log: SealedLog, tmp_path: Path) -> None:
    proof = tmp_path / "proof.ndjson"
    for older in range(1, 4):
        for newer in range(older + 1, 5):
            proof.write_bytes(b"".join(await prove_consistency(log.marketplace, older, newer)))
            report = verify(proof, log.public, log.held)
            assert (report.findings, report.status, report.checkpoints) == ([], PROVEN, 2)

    with pytest.raises(InvalidInput):
        await prove_consistency(log.marketplace, 2, 2)
    with pytest.raises(NotFound):
        await prove_consistency(log.marketplace, 4, 5)


async def test_trees_that_did_not_grow_out_of_each_other_are_told(log: SealedLog, tmp_path: Path) -> None:
    lines = await prove_consistency(log.marketplace, 2, 4)
    others = await prove_consistency(log.marketplace, 3, 4)
    (tmp_path / "mixed.ndjson").write_bytes(b"".join([*lines[:-1], others[-1]]))

    assert [one.kind for one in verify(tmp_path / "mixed.ndjson", log.public).findings] == ["rewritten rows"]


async def _longest(log: SealedLog) -> Record:
    found = await fetch_row(
        "SELECT entity_id, count(*) AS rows FROM transition_log WHERE marketplace_id = $1 AND entity_id IN"
        " (SELECT entity_id FROM transition_log WHERE xid >= (SELECT max(below_xid) FROM checkpoint))"
        " GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
        log.marketplace,
    )
    assert found is not None
    return found


async def test_every_line_is_as_postgresql_writes_json(log: SealedLog, file: Path) -> None:
    """Lines are made of what COPY writes, which escapes almost as JSON does; whatever the rows hold, none shows it."""
    async with single_connection(log.database.superuser_url) as own:
        undo = own.transaction()
        await undo.start()
        await disarm()
        odd = (
            *(
                'say "no"',
                "back\\slash",
                "line\nbreak\r",
                "tab\t",
                "\x01\x1f",
                "\b\f\v",
                "\\\v\\",
                "\x7f",
                "é\u2028",
                "",
            ),
            *("\\N", '"\\N"', "\\\\v", "\\.", "null"),
        )
        for number, words in enumerate(odd):
            await execute(
                "UPDATE transition_log SET request_id = $1 WHERE hash IN (SELECT hash FROM transition_log"
                " WHERE marketplace_id = $2 ORDER BY at OFFSET $3 LIMIT 1)",
                words,
                log.marketplace,
                number,
            )
        lines = (await exported(log, file)).read_bytes().splitlines()
        by_hash = {row["hash"]: row["line"] for row in await fetch(_AS_JSON, log.marketplace)}
        await undo.rollback()

    rows = [msgspec.json.decode(line) for line in lines if line.startswith(b'{"machine"')]
    assert len(rows) == len(by_hash)
    assert [row for row in rows if msgspec.json.decode(by_hash[row["hash"]]) != row["request"]] == []
    assert {row["request"] for row in rows} >= set(odd)


_AS_JSON = """
SELECT encode(hash, 'hex') AS hash, coalesce(to_json(request_id)::text, 'null') AS line FROM transition_log
WHERE marketplace_id = $1
"""


async def test_after_old_months_were_dropped_the_rest_is_proven(log: SealedLog, file: Path) -> None:
    """The month's end lies within the second checkpoint: what is left of it is in the export of that month."""
    async with single_connection(log.database.superuser_url) as own:
        undo = own.transaction()
        await undo.start()
        await disarm()
        end = "(SELECT first_at + (last_at - first_at) / 2 FROM checkpoint WHERE number = 2)"
        await execute(f"INSERT INTO retired_log VALUES ('transition_log_2020_01', '2020-01-01', {end}, 1)")
        await execute(f"DELETE FROM transition_log WHERE at < {end}")
        report = verify(await exported(log, file), log.public, log.held)
        await undo.rollback()

    assert (report.findings, report.status) == ([], PROVEN)
    assert report.checkpoints == 2


async def test_what_is_sealed_while_it_is_exported_is_in_the_export(
    database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path / "audit.key")
    monkeypatch.setenv("AUDIT_KEY_FILE", str(tmp_path / "audit.key"))
    settings.cache_clear()
    shop = await a_marketplace()
    await a_subscription(shop)
    await seal_all({})
    await a_subscription(shop)

    pieces = export("ndjson", [shop.id])
    written = [await anext(pieces), await anext(pieces)]
    await seal_all({})
    await a_subscription(shop)
    await seal_all({})
    written += [piece async for piece in pieces]

    (tmp_path / "log.ndjson").write_bytes(b"".join(written))
    report = verify(tmp_path / "log.ndjson", key.public)
    assert (report.findings, report.status) == ([], PROVEN)
    assert (report.rows, report.checkpoints, report.unsealed) == (3, 1, 2)
