"""What must not be and was found all the same: written down once, shown for ever, mended by nobody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import execute, fetch_all, fetch_value
from workflows.runtime.logs import logger

_LOG = logger(__name__)

# published_ahead: a target holds a checkpoint that this database has not made: it was restored from before it.
# published_otherwise: a target holds another checkpoint of that number: the same, noticed later, or a forgery.
# system_changed: the database lives in another cluster than the one that wrote what was sealed before.
FindingKind = Literal["published_ahead", "published_otherwise", "system_changed"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One of a marketplace's. `number` is of the checkpoint that it is about."""

    id: UUID
    marketplace_id: UUID
    kind: FindingKind
    number: int
    details: dict[str, Any]
    found_at: datetime


async def record_finding(marketplace_id: UUID, kind: FindingKind, number: int, details: Mapping[str, Any]) -> None:
    """Writes a finding down, once."""
    added = await execute(
        "INSERT INTO audit_finding (marketplace_id, kind, number, details) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (marketplace_id, kind, number) DO NOTHING",
        marketplace_id,
        kind,
        number,
        dict(details),
    )
    if added:
        _LOG.error("audit finding", marketplace=str(marketplace_id), kind=kind, number=number)


async def findings_of(marketplace_id: UUID) -> list[Finding]:
    """All of a marketplace's, the newest first."""
    return await fetch_all(
        Finding,
        "SELECT id, marketplace_id, kind, number, details, found_at FROM audit_finding WHERE marketplace_id = $1"
        " ORDER BY found_at DESC",
        marketplace_id,
    )


async def findings_by_kind() -> dict[str, int]:
    """How many of each kind there are in the deployment, for metrics."""
    return {kind: await _count(kind) for kind in ("published_ahead", "published_otherwise", "system_changed")}


async def _count(kind: str) -> int:
    return await fetch_value("SELECT count(*) FROM audit_finding WHERE kind = $1", kind)
