"""Who changed what of a marketplace's settings, and when, as the console's pages show it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch_all

_SHOWN = 50


class NamedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change with its maker's name: a person's e-mail, a key's name. `before` and `after` hold what differs."""

    at: datetime
    who: str
    act: str
    before: dict[str, Any]
    after: dict[str, Any]


async def named_changes(marketplace_id: UUID, subject: str) -> list[NamedChange]:
    """The last 50 changes of a subject (change_log.py), newest first."""
    return await fetch_all(
        NamedChange,
        "SELECT log.at, log.act, log.before, log.after, coalesce(staff.email, 'API key ' || api_key.name,"
        " log.actor_kind) AS who FROM change_log AS log"
        " LEFT JOIN staff ON log.actor_kind = 'staff' AND staff.marketplace_id = log.marketplace_id"
        " AND staff.id::text = log.actor_id"
        " LEFT JOIN api_key ON log.actor_kind = 'api_key' AND api_key.marketplace_id = log.marketplace_id"
        " AND api_key.id::text = log.actor_id"
        f" WHERE log.marketplace_id = $1 AND log.subject = $2 ORDER BY log.id DESC LIMIT {_SHOWN}",
        marketplace_id,
        subject,
    )
