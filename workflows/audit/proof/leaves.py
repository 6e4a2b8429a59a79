"""What a row of the log is in the tree: its hash, which covers what it says, and which transaction wrote it where."""

from workflows.audit.proof.merkle import leaf_hash

# In the order of leaves a checkpoint's rows go by (at, entity_id, seq), as the index transition_log_at has them.
SELECT_LEAVES = (
    "SELECT hash, xid::text AS xid, system_identifier::text AS system, at, machine, entity_id, seq FROM transition_log"
)


def leaf_of(row_hash: bytes, xid: str, system: str) -> bytes:
    """The leaf's hash."""
    return leaf_hash(f"{row_hash.hex()}:{xid}:{system}".encode())
