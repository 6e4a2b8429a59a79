"""A log with its proof for tests: two marketplaces, several checkpoints, rows not sealed yet.

`sealed_log()` makes it in the open pool; `exported()` writes it to a file. tests/audit/conftest.py shares one database
among all tests of the folder: what damages it does so in a transaction that is rolled back.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.audit_keys import make_key
from integrations.checkpoint_targets import Directory
from models.database import Record, execute, fetch
from tests.conftest import FreshDatabase
from tests.factories import BY_WORKER, a_marketplace, a_subscription
from workflows.audit.export.export import EVERYTHING, ExportRequest, export
from workflows.audit.export.lines import Form
from workflows.audit.proof.publish import publish_checkpoint
from workflows.audit.proof.seal import seal_all
from workflows.audit.proof.signing import SigningKey
from workflows.engine.fire import fire
from workflows.machines import SUBSCRIPTION
from workflows.runtime.request import request_id
from workflows.runtime.settings import settings

ROUNDS = 4  # checkpoints
SUBSCRIPTIONS = 8  # made in each round


@dataclass(frozen=True)
class SealedLog:
    """`marketplace` has ROUNDS checkpoints and rows after them, `other` has one; all were published to `held`."""

    database: FreshDatabase
    key: SigningKey
    key_file: Path
    held: Path
    marketplace: UUID
    other: UUID

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.key.public


async def sealed_log(database: FreshDatabase, folder: Path, patch: pytest.MonkeyPatch) -> SealedLog:
    """Makes the rows and seals them round by round, as the scheduled job does."""
    key_file = folder / "audit.key"
    key = make_key(key_file)
    patch.setenv("AUDIT_KEY_FILE", str(key_file))
    settings.cache_clear()
    shop, other = await a_marketplace(), await a_marketplace()
    await a_subscription(other)
    chance = Random(7)
    held = Directory(folder / "held")
    alive: list[Record] = []
    for _ in range(ROUNDS):
        await _some_moves(shop.id, alive, chance)
        alive += [await a_subscription(shop) for _ in range(SUBSCRIPTIONS)]
        await seal_all({"directory": held})
    await _some_moves(shop.id, alive, chance)
    for row in await fetch("SELECT marketplace_id, id FROM checkpoint"):
        await publish_checkpoint(row["marketplace_id"], row["id"], {"directory": held})
    return SealedLog(database, key, key_file, folder / "held", shop.id, other.id)


async def _some_moves(marketplace_id: UUID, alive: list[Record], chance: Random) -> None:
    """Subscriptions fail and recover, some twice, some not at all; some words are not ASCII."""
    for row in [one for one in alive for _ in range(chance.choice([0, 1, 1, 2]))]:
        (state,) = (one["state"] for one in await fetch("SELECT state FROM subscription WHERE id = $1", row["id"]))
        trigger = "charge_failed" if state == "active" else "recovered"
        if chance.random() < 0.5:
            token = request_id.set(f"request-{chance.randrange(10**6)}")
            await fire(SUBSCRIPTION, marketplace_id, row["id"], trigger, BY_WORKER)
            request_id.reset(token)
        else:
            await execute(_BY_HAND, marketplace_id, row["id"], trigger, {"code": chance.choice(_CODES)})


# By hand, for the database takes any words for details: those of `fire` are codes.
_CODES = ("é", 'a,b"c', "line\nline", "plain", "=1+1")
_BY_HAND = """
UPDATE subscription SET state = CASE $3 WHEN 'recovered' THEN 'active' ELSE 'failed_charge' END, moved_trigger = $3,
    moved_by = 'worker:factory', moved_reason = 'test_data', moved_request = NULL, moved_details = $4,
    log_seq = log_seq + 1
WHERE marketplace_id = $1 AND id = $2
"""


async def exported(
    log: SealedLog,
    file: Path,
    *,
    form: Form = "ndjson",
    wanted: ExportRequest = EVERYTHING,
    marketplaces: list[UUID] | None = None,
) -> Path:
    """Writes an export of the log as it is now; of its `marketplace` unless said."""
    with file.open("wb") as output:
        async for piece in export(form, marketplaces or [log.marketplace], wanted):
            output.write(piece)
    return file


def public_file(log: SealedLog, folder: Path) -> Path:
    """The public key as auditors get it."""
    file = folder / "audit.pub"
    public = log.key.private.public_key()
    file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file
