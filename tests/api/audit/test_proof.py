"""Exports and proofs by API: what somebody with audit:read downloads, `audit verify` proves; nonsense is refused."""

from pathlib import Path

import httpx
import pytest

from cli.audit_keys import make_key
from models.database import Record, fetch
from tests.factories import BY_WORKER, a_marketplace, a_subscription
from verifier.findings import PROVEN
from verifier.verify import verify
from workflows.access.api_keys import create_key
from workflows.audit.proof.seal import seal_all
from workflows.audit.proof.signing import SigningKey
from workflows.engine.fire import fire
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings

ROOT = "/api/v1"


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningKey:
    made = make_key(tmp_path / "audit.key")
    monkeypatch.setenv("AUDIT_KEY_FILE", str(tmp_path / "audit.key"))
    settings.cache_clear()
    return made


@pytest.fixture
async def sealed(marketplace: Marketplace, signing: SigningKey) -> Record:
    """A subscription with two rows under two checkpoints and one that is not sealed; another marketplace beside it."""
    subscription = await a_subscription(marketplace)
    await a_subscription(await a_marketplace())
    await seal_all({})
    await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "charge_failed", BY_WORKER)
    await seal_all({})
    await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "recovered", BY_WORKER)
    return subscription


async def test_what_is_downloaded_is_proven(
    api: httpx.AsyncClient,
    key: dict[str, str],
    marketplace: Marketplace,
    sealed: Record,
    signing: SigningKey,
    tmp_path: Path,
) -> None:
    one = f"subscription/{sealed['id']}"
    held = tmp_path / "held.ndjson"
    held.write_bytes((await api.get(f"{ROOT}/checkpoints", headers=key)).content)
    downloads = {
        "all.ndjson": ("transitions/export", {}, 3),
        "all.csv": ("transitions/export", {"format": "csv"}, 3),
        "entity.ndjson": ("transitions/export", {"entity": one}, 3),
        "range.ndjson": ("transitions/export", {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}, 0),
        "row.ndjson": ("transitions/proof", {"row": f"{one}/2"}, 1),
        "trees.ndjson": ("checkpoints/1/consistency/2", {}, 0),
    }
    for name, (path, params, rows) in downloads.items():
        answer = await api.get(f"{ROOT}/{path}", headers=key, params=params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv" if name.endswith("csv") else "application/x-ndjson")
        if "export" in path:
            saved_as = f'attachment; filename="log-{marketplace.slug}.{name.rpartition(".")[2]}"'
            assert answer.headers["content-disposition"] == saved_as
        (tmp_path / name).write_bytes(answer.content)
        report = verify(tmp_path / name, signing.public, held)
        assert (name, report.findings, report.rows) == (name, [], rows)
        assert report.status == (3 if name == "range.ndjson" else PROVEN)  # nothing was sealed in that range
    read = await fetch("SELECT details ->> 'page' AS page FROM access_log WHERE outcome = 'read' ORDER BY id")
    assert [row["page"] for row in read] == ["checkpoints", *["export"] * 4, "proof", "consistency"]


REFUSED = {
    "transitions/export?format=xml": 422,
    "transitions/export?since=yesterday": 422,
    "transitions/export?since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z": 422,
    "transitions/export?entity=subscription": 422,
    "transitions/export?entity=customer/0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b": 422,
    "transitions/export?entity=subscription/0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b&since=2026-01-01T00:00:00Z": 422,
    "transitions/proof?row=subscription/0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b/x": 422,
    "transitions/proof?row=subscription/0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b/1": 404,
    "transitions/proof": 422,
    "checkpoints/2/consistency/1": 422,
    "checkpoints/1/consistency/9": 404,
    "checkpoints/one/consistency/two": 404,
}


async def test_nonsense_is_refused(api: httpx.AsyncClient, key: dict[str, str], sealed: Record) -> None:
    answers = {path: (await api.get(f"{ROOT}/{path}", headers=key)).status_code for path in REFUSED}
    unsealed = await api.get(f"{ROOT}/transitions/proof?row=subscription/{sealed['id']}/3", headers=key)

    assert answers == REFUSED
    assert unsealed.status_code == 422
    assert "not sealed yet" in unsealed.text


async def test_another_marketplaces_rows_are_not_there(api: httpx.AsyncClient, sealed: Record) -> None:
    other = await create_key((await a_marketplace()).id, "other")
    auth = {"Authorization": f"Bearer {other.key}"}

    row = await api.get(f"{ROOT}/transitions/proof?row=subscription/{sealed['id']}/1", headers=auth)
    export = await api.get(f"{ROOT}/transitions/export?entity=subscription/{sealed['id']}", headers=auth)

    assert row.status_code == 404
    assert str(sealed["id"]) not in export.text.replace(f'"entity":"subscription/{sealed["id"]}"', "")
