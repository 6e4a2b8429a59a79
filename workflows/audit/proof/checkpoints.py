"""Checkpoints: signed states of a marketplace's tree, each naming the one before."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from models.database import Record, execute, fetch, fetch_row
from workflows.audit.proof.instants import instant
from workflows.audit.proof.merkle import Frontier
from workflows.audit.proof.spans import Span
from workflows.runtime.errors import NotFound

FORMAT = "gatehouse-checkpoint-1"


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One of a marketplace's. `statement` is the signed text, which says all that matters of the rest."""

    marketplace_id: UUID
    number: int
    id: UUID
    size: int
    root: bytes
    frontier: bytes
    statement: str
    key_id: str
    signature: bytes
    spans: list[Span]
    first_at: datetime
    last_at: datetime
    sealed_at: datetime

    @property
    def hash(self) -> str:
        """What the next one names."""
        return sha256(self.statement.encode()).hexdigest()

    def tree(self) -> Frontier:
        """The tree as it was."""
        return Frontier.unpacked(self.size, self.frontier)

    def published(self) -> dict[str, str]:
        """As it is published and exported."""
        return {
            "type": "checkpoint",
            "statement": self.statement,
            "key": self.key_id,
            "signature": self.signature.hex(),
        }


_COLUMNS = ", ".join(Checkpoint.__struct_fields__)


def statement_of(
    marketplace_id: UUID, number: int, tree: Frontier, previous: Checkpoint | None, at: datetime, spans: Sequence[Span]
) -> str:
    """What is signed (docs/audit-format.md)."""
    lines = [
        FORMAT,
        f"marketplace {marketplace_id}",
        f"number {number}",
        f"size {tree.size}",
        f"root {tree.root().hex()}",
        f"previous {previous.hash if previous else '-'}",
        f"at {instant(at)}",
        *(f"span {span.system} {span.low} {span.high}" for span in spans),
    ]
    return "\n".join(lines) + "\n"


async def keep(checkpoint: Checkpoint, system: int, below_xid: int) -> None:
    """Writes it down, for good."""
    await execute(
        f"INSERT INTO checkpoint ({_COLUMNS}, system_identifier, below_xid)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::xid8)",
        *(_column(checkpoint, name) for name in Checkpoint.__struct_fields__),
        system,
        str(below_xid),
    )


def _column(checkpoint: Checkpoint, name: str) -> object:
    value = getattr(checkpoint, name)
    return msgspec.to_builtins(value) if name == "spans" else value


async def latest(marketplace_id: UUID) -> Checkpoint | None:
    """The newest one."""
    return _read(await fetch_row(f"{_OF_MARKETPLACE} ORDER BY number DESC LIMIT 1", marketplace_id))


async def checkpoint(marketplace_id: UUID, number: int) -> Checkpoint:
    """The one of that number. Raises NotFound."""
    found = _read(await fetch_row(f"{_OF_MARKETPLACE} AND number = $2", marketplace_id, number))
    if found is None:
        raise NotFound(f"no checkpoint {number}")
    return found


async def checkpoint_by_id(marketplace_id: UUID, checkpoint_id: UUID) -> Checkpoint:
    """The one of that id. Raises NotFound."""
    found = _read(await fetch_row(f"{_OF_MARKETPLACE} AND id = $2", marketplace_id, checkpoint_id))
    if found is None:
        raise NotFound(f"no checkpoint {checkpoint_id}")
    return found


async def sealed_in(marketplace_id: UUID, system: int, xid: int) -> Checkpoint | None:
    """The one that holds the rows of that transaction; None when they are not sealed yet."""
    sql = (
        f"{_OF_MARKETPLACE} AND EXISTS (SELECT FROM jsonb_array_elements(spans) AS span"
        " WHERE (span->>'system')::bigint = $2 AND (span->>'low')::bigint <= $3 AND $3 < (span->>'high')::bigint)"
        " ORDER BY number LIMIT 1"
    )
    return _read(await fetch_row(sql, marketplace_id, system, xid))


async def before(one: Checkpoint) -> Checkpoint | None:
    """The one before it."""
    sql = f"{_OF_MARKETPLACE} AND number < $2 ORDER BY number DESC LIMIT 1"
    return _read(await fetch_row(sql, one.marketplace_id, one.number))


async def checkpoints_from(marketplace_id: UUID, after: int, limit: int) -> list[Checkpoint]:
    """At most so many, in order, those after number `after`."""
    sql = f"{_OF_MARKETPLACE} AND number > $2 ORDER BY number LIMIT $3"
    return [msgspec.convert(dict(row), Checkpoint) for row in await fetch(sql, marketplace_id, after, limit)]


_OF_MARKETPLACE = f"SELECT {_COLUMNS} FROM checkpoint WHERE marketplace_id = $1"


def _read(row: Record | None) -> Checkpoint | None:
    return None if row is None else msgspec.convert(dict(row), Checkpoint)
