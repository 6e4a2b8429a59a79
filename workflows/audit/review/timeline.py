"""A subscription's timeline: its own transitions, its cases' and its charges', and which e-mails to its customer did
not arrive. Newest first. With all else that belongs to it: history.py.

Facts only: who, why and when, as the log has them, with the names of staff and keys. Their words are the page's.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch_all
from workflows.audit.review.entities import TIMELINE_OF_SUBSCRIPTION
from workflows.audit.review.entries import ENTRIES, Entry, EntryRow, entries_of, find_subject

MOST = 1000  # transitions of one subscription: twenty years of monthly renewals

_NEWEST = f"""
WITH {TIMELINE_OF_SUBSCRIPTION} {ENTRIES}
WHERE log.machine <> 'outgoing_email' OR log.to_state IN ('bounced', 'dropped')
ORDER BY log.at DESC, log.entity_id, log.seq DESC LIMIT $3
"""


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One transition. `at` is real time, also of a sandbox whose clock runs ahead. `actor_name` is of staff and API
    keys; `amount_minor` of a charge and of a case, `template` of an e-mail. `from_state` None: it was created."""

    at: datetime
    machine: str
    entity_id: UUID
    trigger: str
    from_state: str | None
    to_state: str
    actor_kind: str
    actor_id: str
    actor_name: str | None
    reason: str
    details: dict[str, Any]
    amount_minor: int | None
    currency: str | None
    decline_code: str | None
    template: str | None


async def timeline_of(marketplace_id: UUID, number: int, most: int = MOST) -> list[Entry]:
    """The transitions of a subscription and what belongs to it, newest first, at most `most`. Raises NotFound."""
    found = await find_subject(marketplace_id, "subscription", number)
    return await entries_of(marketplace_id, await fetch_all(EntryRow, _NEWEST, marketplace_id, found.id, most))


def shown_entry(entry: Entry) -> TimelineEntry:
    """The entry as the API shows it."""
    shared = [name for name in TimelineEntry.__struct_fields__ if name in Entry.__struct_fields__]
    return TimelineEntry(
        **{name: getattr(entry, name) for name in shared},
        decline_code=entry.details.get("decline_code"),
        template=entry.what,
    )
