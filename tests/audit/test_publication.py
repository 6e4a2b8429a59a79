"""Checkpoints reach every target once, whatever fails on the way; what a target holds otherwise is found."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from cli.audit_keys import make_key
from integrations.checkpoint_targets import Directory, ObjectStore
from models.database import fetch, fetch_row, fetch_value
from tests.factories import a_marketplace, a_staff_member, a_subscription
from tests.fakes.object_store import ACCESS_KEY, SECRET_KEY, ObjectStoreFake, an_object_store
from workflows.audit.proof.findings import findings_of
from workflows.audit.proof.publish import publish_checkpoint
from workflows.audit.proof.seal import seal_all
from workflows.audit.proof.targets import PublishedOtherwise, TargetAway, name_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@pytest.fixture
async def shop(database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Marketplace:
    """A marketplace with one checkpoint, published nowhere yet."""
    make_key(tmp_path / "audit.key")
    monkeypatch.setenv("AUDIT_KEY_FILE", str(tmp_path / "audit.key"))
    settings.cache_clear()
    made = await a_marketplace()
    await a_subscription(made)
    await seal_all({})
    return made


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStoreFake]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with an_object_store() as fake:
        yield fake


def _bucket(store: ObjectStoreFake) -> ObjectStore:
    return ObjectStore("proofs", endpoint=store.url, retention_days=365)


async def _first(shop: Marketplace) -> UUID:
    return await fetch_value("SELECT id FROM checkpoint WHERE marketplace_id = $1 AND number = 1", shop.id)


async def test_sealing_stages_the_publication(shop: Marketplace) -> None:
    staged = await fetch_row("SELECT args FROM outbox WHERE actor = 'checkpoint.publish'")

    assert staged is not None
    assert staged["args"] == {"marketplace_id": str(shop.id), "id": str(await _first(shop))}


async def test_every_target_gets_the_checkpoint_and_the_key_once(
    shop: Marketplace, store: ObjectStoreFake, tmp_path: Path
) -> None:
    targets = {"directory": Directory(tmp_path / "held"), "object_store": _bucket(store)}
    for _ in range(2):
        await publish_checkpoint(shop.id, await _first(shop), targets)

    signed = await fetch_row("SELECT statement, key_id, signature FROM checkpoint")
    assert signed is not None
    file = tmp_path / "held" / name_of(shop.id, 1)
    assert msgspec.json.decode(file.read_bytes()) == {
        "type": "checkpoint",
        "statement": signed["statement"],
        "key": signed["key_id"],
        "signature": signed["signature"].hex(),
    }
    assert file.stat().st_mode & 0o222 == 0
    assert sorted(store.held) == sorted([f"/proofs/{name_of(shop.id, 1)}", f"/proofs/keys/{signed['key_id']}.json"])
    assert store.held[f"/proofs/{name_of(shop.id, 1)}"] == file.read_bytes()
    assert store.writes == 2
    known = await fetch("SELECT target FROM checkpoint_publication ORDER BY target")
    assert [row["target"] for row in known] == ["directory", "object_store"]


@pytest.mark.parametrize("fault", ["keeps and hangs up", "fails"])
async def test_a_store_that_fails_is_asked_again_and_keeps_one(
    shop: Marketplace, store: ObjectStoreFake, tmp_path: Path, fault: str
) -> None:
    bucket = ObjectStore("proofs", endpoint=store.url, retention_days=365)
    await bucket.put("keys/other.json", b"warm")
    store.fault = fault  # type: ignore[assignment]

    await publish_checkpoint(shop.id, await _first(shop), {"object_store": bucket})

    assert f"/proofs/{name_of(shop.id, 1)}" in store.held
    assert await findings_of(shop.id) == []


async def test_a_target_that_is_away_keeps_nobody_else_waiting(shop: Marketplace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    targets = {"away": Directory(tmp_path / "file" / "below"), "directory": Directory(tmp_path / "held")}

    with pytest.raises(TargetAway):
        await publish_checkpoint(shop.id, await _first(shop), targets)

    assert (tmp_path / "held" / name_of(shop.id, 1)).exists()
    assert await fetch_value("SELECT array_agg(target) FROM checkpoint_publication") == ["directory"]


async def test_another_checkpoint_of_that_number_is_a_finding(shop: Marketplace, tmp_path: Path) -> None:
    held = Directory(tmp_path / "held")
    await held.put(name_of(shop.id, 1), b'{"forged": true}\n')

    await publish_checkpoint(shop.id, await _first(shop), {"directory": held})

    (found,) = await findings_of(shop.id)
    assert (found.kind, found.number) == ("published_otherwise", 1)
    assert found.details["published"] == '{"forged": true}\n'
    assert await held.get(name_of(shop.id, 1)) == b'{"forged": true}\n'


async def test_targets_never_overwrite(store: ObjectStoreFake, tmp_path: Path) -> None:
    for target in (Directory(tmp_path / "held"), _bucket(store)):
        await target.put("a/1.json", b"one")
        await target.put("a/1.json", b"one")
        with pytest.raises(PublishedOtherwise):
            await target.put("a/1.json", b"two")
        assert await target.get("a/1.json") == b"one"
        assert await target.get("a/2.json") is None


async def test_auditors_get_it_by_mail_once_a_day(shop: Marketplace) -> None:
    auditor = await a_staff_member(shop, role="auditor")
    await a_staff_member(shop, role="owner")
    await publish_checkpoint(shop.id, await _first(shop), {})
    await publish_checkpoint(shop.id, await _first(shop), {})
    await a_subscription(shop)
    await seal_all({})
    second = await fetch_value("SELECT id FROM checkpoint WHERE number = 2")
    await publish_checkpoint(shop.id, second, {})

    mails = await fetch("SELECT recipient, context FROM outgoing_email WHERE template = 'staff_checkpoint'")
    assert [mail["recipient"] for mail in mails] == [auditor["email"]]
    assert msgspec.json.decode(mails[0]["context"]["published"])["type"] == "checkpoint"
