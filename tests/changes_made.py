"""What the log of changes says of one subject (workflows/marketplaces/change_log.py)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch_all


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `before` and `after` hold the fields that differ."""

    at: datetime
    actor_kind: str
    actor_id: str
    subject: str
    act: str
    before: dict[str, Any]
    after: dict[str, Any]


async def changes_of(marketplace_id: UUID, subject: str) -> list[Change]:
    """What was changed of one subject, newest first."""
    return await fetch_all(
        Change,
        "SELECT at, actor_kind, actor_id, subject, act, before, after FROM change_log"
        " WHERE marketplace_id = $1 AND subject = $2 ORDER BY id DESC",
        marketplace_id,
        subject,
    )
