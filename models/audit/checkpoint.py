"""The proof of the log: checkpoints, the keys that sign them, where they were published, and what did not fit."""

from piccolo.columns import JSONB, UUID, BigInt, Bytea, Text, Timestamptz
from piccolo.table import Table

from models.database import DB
from models.transaction_id import TransactionId


class AuditKey(Table, db=DB):
    """A public key that signs checkpoints, and the statement by which the key before it brought it in."""

    key_id = Text(primary_key=True)
    public_key = Bytea()
    statement = Text()
    signed_by = Text()
    signature = Bytea()
    created_at = Timestamptz()


class Checkpoint(Table, db=DB):
    """A signed state of a marketplace's tree. Append-only."""

    marketplace_id = UUID()
    number = BigInt()
    id = UUID(primary_key=True)
    size = BigInt()
    root = Bytea()
    frontier = Bytea()
    statement = Text()
    key_id = Text()
    signature = Bytea()
    system_identifier = BigInt()
    below_xid = TransactionId()
    spans = JSONB()
    first_at = Timestamptz()
    last_at = Timestamptz()
    sealed_at = Timestamptz()


class Sealing(Table, db=DB):
    """A run of the sealer that got through all marketplaces."""

    id = BigInt(primary_key=True)
    system_identifier = BigInt()
    below_xid = TransactionId()
    snapshot_xmax = TransactionId()
    at = Timestamptz()


class CheckpointPublication(Table, db=DB):
    """That a checkpoint reached a target outside. Append-only."""

    marketplace_id = UUID()
    number = BigInt()
    target = Text(primary_key=True)
    reference = Text()
    published_at = Timestamptz()


class AuditFinding(Table, db=DB):
    """Something that must not be, e.g. a published checkpoint that this database has never made. Append-only."""

    id = UUID(primary_key=True)
    marketplace_id = UUID()
    kind = Text()
    number = BigInt()
    details = JSONB()
    found_at = Timestamptz()
