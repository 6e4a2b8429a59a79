"""A row of the log as a review shows it, and what every statement over the log has in common."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch
from models.row import Row, columns
from workflows.engine.actor import ActorKind

NEWEST_FIRST = "at DESC, entity_id DESC, seq DESC"  # of one instant by id: no two rows are alike
BEGINNING, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # of time, as far as logs go
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN = timedelta(days=1)  # by which the clocks of what gave an id and of the log may differ
_VERSION = 7  # of UUIDs: they begin with milliseconds since 1970


class LoggedRow(Row, frozen=True):
    """A row of the log as the statements read it."""

    at: datetime
    machine: str
    entity_id: UUID
    seq: int
    trigger: str
    from_state: str | None
    to_state: str
    actor_kind: ActorKind
    actor_id: str
    reason: str
    request_id: str | None
    details: dict[str, Any] | None
    previous_hash: bytes | None
    hash: bytes


COLUMNS = columns(LoggedRow, "log")


class LoggedTransition(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `from_state` None: the move made the thing. `hash` and `previous_hash` in hex; `actor_name` is of staff
    and API keys."""

    at: datetime
    machine: str
    entity_id: UUID
    seq: int
    trigger: str
    from_state: str | None
    to_state: str
    actor_kind: ActorKind
    actor_id: str
    actor_name: str | None
    reason: str
    request_id: str | None
    details: dict[str, Any]
    previous_hash: str | None
    hash: str


def earliest_log_time(entity_id: UUID) -> datetime:
    """When a thing of that id can have come to be, at the earliest: older partitions hold nothing of it."""
    if entity_id.version != _VERSION:
        return BEGINNING
    since_1970 = min(timedelta(milliseconds=entity_id.int >> 80), END - _EPOCH)  # whoever made it up has time enough
    return max(BEGINNING, _EPOCH + since_1970 - _MARGIN)


async def logged_transitions(marketplace_id: UUID, rows: Sequence[LoggedRow]) -> list[LoggedTransition]:
    """Rows with `COLUMNS`, and the names of who moved them."""
    names = await names_of(marketplace_id, ((row.actor_kind, row.actor_id) for row in rows))
    return [_transition(row, names.get((row.actor_kind, row.actor_id))) for row in rows]


def _transition(row: LoggedRow, name: str | None) -> LoggedTransition:
    return LoggedTransition(
        at=row.at,
        machine=row.machine,
        entity_id=row.entity_id,
        seq=row.seq,
        trigger=row.trigger,
        from_state=row.from_state,
        to_state=row.to_state,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_name=name,
        reason=row.reason,
        request_id=row.request_id,
        details=row.details or {},
        previous_hash=None if row.previous_hash is None else row.previous_hash.hex(),
        hash=row.hash.hex(),
    )


async def names_of(marketplace_id: UUID, actors: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What staff and keys among these actors (kind, id) are called."""
    wanted = set(actors)
    found: dict[tuple[str, str], str] = {}
    for kind, called in (("staff", "coalesce(nullif(name, ''), email)"), ("api_key", "name")):
        if ids := [_uuid(actor_id) for of, actor_id in wanted if of == kind]:
            named = await fetch(
                f"SELECT id::text AS id, {called} AS name FROM {kind} WHERE marketplace_id = $1 AND id = ANY($2)",
                marketplace_id,
                [one for one in ids if one is not None],
            )
            found |= {(kind, one): name for one, name in named}
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
