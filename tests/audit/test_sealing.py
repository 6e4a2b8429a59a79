"""Which rows a checkpoint holds, with which key it is signed, and what happens when the database was restored."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from cli.audit_keys import make_key
from cli.embedded import EmbeddedPostgres
from integrations.checkpoint_targets import Directory
from models.database import close_pool, execute, fetch, fetch_value, open_pool, single_connection
from tests.conftest import FreshDatabase, made_database
from tests.factories import BY_WORKER, a_marketplace, a_subscription
from verifier.findings import PROVEN
from verifier.verify import verify
from workflows.audit.export.export import export
from workflows.audit.proof.findings import findings_of
from workflows.audit.proof.publish import publish_checkpoint
from workflows.audit.proof.seal import seal_all, seal_marketplace
from workflows.audit.proof.signing import KeyUnusable, SigningKey, ready_key, rotate
from workflows.audit.proof.spans import horizon
from workflows.audit.proof.status import sealing_warnings
from workflows.audit.proof.targets import Targets
from workflows.engine.fire import fire
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SigningKey:
    return _use(tmp_path / "audit.key", monkeypatch)


def _use(file: Path, patch: pytest.MonkeyPatch) -> SigningKey:
    made = make_key(file)
    patch.setenv("AUDIT_KEY_FILE", str(file))
    settings.cache_clear()
    return made


@pytest.fixture
async def shop(database: FreshDatabase, key: SigningKey) -> Marketplace:
    return await a_marketplace()


async def _sizes(shop: Marketplace) -> list[int]:
    rows = await fetch("SELECT size FROM checkpoint WHERE marketplace_id = $1 ORDER BY number", shop.id)
    return [row["size"] for row in rows]


async def _proven(shop: Marketplace, key: SigningKey, file: Path, held: Path | None = None) -> tuple[int, list[str]]:
    with file.open("wb") as output:
        async for piece in export("ndjson", [shop.id]):
            output.write(piece)
    report = verify(file, key.public, held)
    return report.status, [one.kind for one in report.findings]


async def test_rows_of_open_transactions_and_after_them_wait(
    shop: Marketplace, database: FreshDatabase, key: SigningKey, tmp_path: Path
) -> None:
    first = await a_subscription(shop)
    async with asyncio.timeout(10):
        other = await asyncpg.connect(database.app_url)
        open_one = other.transaction()
        await open_one.start()
        await other.execute("UPDATE customer SET name = 'J' WHERE id = $1", first["customer_id"])
        await a_subscription(shop)
        await seal_all({})
        assert await _sizes(shop) == [1]
        await other.execute(
            "UPDATE subscription SET state = 'cancelled', moved_trigger = 'cancel', log_seq = log_seq + 1"
            " WHERE id = $1",
            first["id"],
        )
        await seal_all({})
        assert await _sizes(shop) == [1]
        await open_one.commit()
        await other.close()
    await seal_all({})

    assert await _sizes(shop) == [1, 3]
    assert await _proven(shop, key, tmp_path / "e.ndjson") == (PROVEN, [])


async def test_two_sealers_at_once_seal_each_row_once(shop: Marketplace, key: SigningKey, tmp_path: Path) -> None:
    for _ in range(3):
        await a_subscription(shop)
        await asyncio.gather(*(seal_all({}) for _ in range(4)))

    assert (await _sizes(shop))[-1] == 3
    assert await _proven(shop, key, tmp_path / "e.ndjson") == (PROVEN, [])


async def test_nothing_new_makes_no_checkpoint(shop: Marketplace) -> None:
    await a_subscription(shop)

    assert [await seal_all({}), await seal_all({}), await seal_all({})] == [1, 0, 0]


async def test_without_a_key_nothing_is_sealed_and_health_says_so(database: FreshDatabase) -> None:
    await a_subscription(await a_marketplace())

    assert await seal_all({}) is None
    assert await fetch_value("SELECT count(*) FROM checkpoint") == 0
    assert "never sealed" in (await sealing_warnings())[0]


async def test_health_tells_when_the_sealer_stands_still(shop: Marketplace, database: FreshDatabase) -> None:
    await seal_all({})
    assert await sealing_warnings() == []

    async with single_connection(database.owner_url):
        await execute("UPDATE sealing SET at = at - interval '4 hours'")
    assert "240 minutes" in (await sealing_warnings())[0]


async def test_a_new_key_seals_when_the_old_one_has_signed_it_in(
    shop: Marketplace, key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_subscription(shop)
    await seal_all({})
    new = _use(tmp_path / "new.key", monkeypatch)
    await a_subscription(shop)
    with pytest.raises(KeyUnusable, match="not signed in"):
        await seal_all({})

    await rotate(key, new)
    await seal_all({})

    assert await _sizes(shop) == [1, 2]
    assert await _proven(shop, key, tmp_path / "old.ndjson") == (PROVEN, [])
    assert await _proven(shop, new, tmp_path / "new.ndjson") == (PROVEN, [])
    for wrong in ((key, new), (new, key)):
        with pytest.raises(KeyUnusable):
            await rotate(*wrong)


async def test_a_key_that_signed_itself_in_is_not_believed(
    shop: Marketplace, key: SigningKey, tmp_path: Path, database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The superuser makes a key of their own, and seals with it what they have rewritten."""
    await a_subscription(shop)
    await seal_all({})
    forged = _use(tmp_path / "forged.key", monkeypatch)
    async with single_connection(database.superuser_url):
        for table in ("audit_key", "checkpoint", "checkpoint_publication"):
            await execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await execute("TRUNCATE audit_key, checkpoint, checkpoint_publication, sealing")
    await seal_all({})

    assert await _proven(shop, forged, tmp_path / "forged.ndjson") == (PROVEN, [])
    assert await _proven(shop, key, tmp_path / "forged.ndjson") == (5, ["wrong key"])


async def test_a_database_restored_from_before_a_published_checkpoint_is_found_out(
    shop: Marketplace,
    key: SigningKey,
    database: FreshDatabase,
    postgres_server: EmbeddedPostgres,
    administrator: Any,
    tmp_path: Path,
) -> None:
    held = {"directory": Directory(tmp_path / "held")}
    subscription = await a_subscription(shop)
    await _seal_and_publish(shop, held)
    await close_pool()
    async with made_database(postgres_server, administrator, database.name) as backup:
        await open_pool(database.app_url, min_size=1, max_size=2)
        for trigger in ("charge_failed", "recovered"):
            await fire(SUBSCRIPTION, shop.id, subscription["id"], trigger, BY_WORKER)
            await _seal_and_publish(shop, held)
        await close_pool()

        await open_pool(backup.app_url, min_size=1, max_size=2)
        await fire(SUBSCRIPTION, shop.id, subscription["id"], "cancel", BY_WORKER)
        await _seal_and_publish(shop, held)

        found = [(one.kind, one.number) for one in reversed(await findings_of(shop.id))]
        assert found == [("published_ahead", 2), ("published_ahead", 3)]
        assert await _proven(shop, key, tmp_path / "e.ndjson") == (PROVEN, [])
        assert await _proven(shop, key, tmp_path / "e.ndjson", tmp_path / "held") == (1, ["lost checkpoint"] * 2)
        await close_pool()


async def _seal_and_publish(shop: Marketplace, targets: Targets) -> None:
    await seal_all(targets)
    newest = await fetch_value("SELECT id FROM checkpoint WHERE marketplace_id = $1 ORDER BY number DESC", shop.id)
    await publish_checkpoint(shop.id, newest, targets)


async def test_rows_of_another_cluster_are_sealed_with_the_next_checkpoint(
    shop: Marketplace, key: SigningKey, database: FreshDatabase, tmp_path: Path
) -> None:
    """A dump that was loaded here: its rows keep their cluster and transactions, and the numbers here begin anew."""
    await ready_key()
    for _ in range(2):
        await a_subscription(shop)
        await _written_by_42(database)
        seen = msgspec.structs.replace(await horizon(), system=42)
        await seal_marketplace(shop.id, key, seen, {}, since=None, elsewhere=False)
    await a_subscription(shop)  # not sealed yet when the dump was made
    await _written_by_42(database)

    await a_subscription(shop)
    await seal_all({})

    assert await _sizes(shop) == [1, 2, 4]
    assert [one.kind for one in await findings_of(shop.id)] == ["system_changed"]
    assert await _proven(shop, key, tmp_path / "e.ndjson") == (PROVEN, [])


async def _written_by_42(database: FreshDatabase) -> None:
    """All rows of the log are another cluster's."""
    async with single_connection(database.superuser_url):
        await execute("ALTER TABLE transition_log DISABLE TRIGGER USER")
        await execute("UPDATE transition_log SET system_identifier = 42")
        await execute("ALTER TABLE transition_log ENABLE ALWAYS TRIGGER refuse_rows")
