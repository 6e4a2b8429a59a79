"""What a row of the log is in the tree: its hash, which covers what it says, and which transaction wrote it where."""

from datetime import datetime
from uuid import UUID

from models.row import Row
from workflows.audit.proof.merkle import leaf_hash


class Leaf(Row, frozen=True):
    """A row of the log, as far as the tree needs it."""

    hash: bytes
    xid: str
    system: str
    at: datetime
    machine: str
    entity_id: UUID
    seq: int


# In the order of leaves a checkpoint's rows go by (at, entity_id, seq), as the index transition_log_at has them.
SELECT_LEAVES = (
    "SELECT hash, xid::text AS xid, system_identifier::text AS system, at, machine, entity_id, seq FROM transition_log"
)


def leaf_of(row: Leaf) -> bytes:
    """Returns the leaf's hash."""
    return leaf_hash(f"{row.hash.hex()}:{row.xid}:{row.system}".encode())
