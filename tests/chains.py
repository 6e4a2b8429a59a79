"""The log's hash chains computed anew in Python, from their description alone (docs/decisions/0002).

A row's hash is SHA-256 over "gatehouse-log-1," and thirteen netstrings ("3:abc,", and "-," for NULL): the previous
hash in hex, marketplace, machine, entity, seq, trigger, from, to, actor, reason, request, the instant in
microseconds since 1970, and details as PostgreSQL writes jsonb.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from models.database import Record, fetch

_ROWS = """
SELECT *, details::text AS details_text FROM transition_log WHERE machine = $1 AND entity_id = $2 ORDER BY seq
"""


async def story(machine: str, entity_id: UUID) -> list[Record]:
    """An entity's rows of the log, oldest first."""
    return await fetch(_ROWS, machine, entity_id)


def recomputed(row: Record) -> bytes:
    """The hash that the row should have."""
    microseconds = (row["at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    fields = [
        row["previous_hash"].hex() if row["previous_hash"] else None,
        str(row["marketplace_id"]),
        row["machine"],
        str(row["entity_id"]),
        str(row["seq"]),
        row["trigger"],
        row["from_state"],
        row["to_state"],
        f"{row['actor_kind']}:{row['actor_id']}",
        row["reason"],
        row["request_id"],
        str(microseconds),
        row["details_text"],
    ]
    encoded = b"gatehouse-log-1," + b"".join(_netstring(field) for field in fields)
    return hashlib.sha256(encoded).digest()


def _netstring(field: str | None) -> bytes:
    if field is None:
        return b"-,"
    raw = field.encode()
    return b"%d:%s," % (len(raw), raw)


def flaws(rows: Sequence[Record]) -> list[str]:
    """What is wrong with one entity's rows: gaps, forks, a false `from`, a broken chain. Empty when all is well."""
    found: list[str] = []
    for place, row in enumerate(rows):
        before = rows[place - 1] if place else None
        if row["seq"] != place + 1:
            found.append(f"seq {row['seq']} where {place + 1} should be")
        if row["from_state"] != (before["to_state"] if before else None):
            found.append(f"seq {row['seq']} comes from {row['from_state']}")
        if row["previous_hash"] != (before["hash"] if before else None):
            found.append(f"seq {row['seq']} hangs on another row")
        if row["hash"] != recomputed(row):
            found.append(f"seq {row['seq']} has another hash")
    return found
