"""The access log as a review shows it, newest first: refusals, acts that were done, readings of the log itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec

from models.database import fetch_all
from models.row import Row, columns
from workflows.audit.review.rows import names_of
from workflows.requests.attempt import Outcome
from workflows.requests.pagination import Keyset, PageRequest, cut
from workflows.requests.pagination import cursor as cursor_of
from workflows.runtime.errors import InvalidInput

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_KEYSET = Keyset("accesses", ("page.at", "page.id"), (datetime, UUID), newest_first=True)
_HEX = 32  # characters of a client's digest


class _Access(Row, frozen=True):
    id: UUID
    at: datetime
    outcome: Outcome
    act: str
    route: str
    reason: str
    status: int
    actor_kind: str | None
    actor_id: str | None
    session_id: UUID | None
    request_id: str
    client: bytes
    entity_id: UUID | None
    attempts: int
    details: dict[str, Any]


_COLUMNS = columns(_Access, "page")


class AccessFilter(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of outcome, or one client whatever the outcome."""

    outcome: Outcome = "refused"
    client: bytes | None = None


class AccessEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `client`: the keyed digest of an address, in hex; all zeros: of many. `attempts`: how many alike it
    stands for, of which it is the last. `details`: of a reading, what was filtered by."""

    id: UUID
    at: datetime
    outcome: Outcome
    act: str
    route: str
    reason: str
    status: int
    actor_kind: str | None
    actor_id: str | None
    actor_name: str | None
    session_id: UUID | None
    request_id: str
    client: str
    entity_id: UUID | None
    attempts: int
    details: dict[str, Any]


class AccessPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page; the cursors of its neighbours."""

    accesses: list[AccessEntry]
    after: str | None
    before: str | None


def read_access_filter(given: Mapping[str, str]) -> AccessFilter:
    """What a query asks for: refusals where it says nothing. Raises InvalidInput."""
    outcome, client = given.get("outcome", "").strip() or "refused", given.get("client", "").strip()
    known: Outcome | None = next((one for one in OUTCOMES if one == outcome), None)
    problems: dict[str, str] = {}
    if known is None:
        problems["outcome"] = f"Choose one of {', '.join(OUTCOMES)}."
    if client and (len(client) != _HEX or not set(client) <= set("0123456789abcdef")):
        problems["client"] = "Enter a client as the log shows it: 32 hexadecimal digits."
    if known is None or problems:
        raise InvalidInput(problems)
    return AccessFilter(outcome=known, client=bytes.fromhex(client) if client else None)


async def list_accesses(marketplace_id: UUID, wanted: AccessFilter, asked: PageRequest) -> AccessPage:
    """A page of them. Raises InvalidInput for a broken cursor."""
    by, value = ("page.client", wanted.client) if wanted.client else ("page.outcome", wanted.outcome)
    sql, given = _KEYSET.fill(
        f"SELECT {_COLUMNS} FROM access_log AS page WHERE page.marketplace_id = $1 AND {by} = $2 {{beyond}}"
        " ORDER BY {order} LIMIT {limit}",
        [marketplace_id, value],
        asked,
    )
    page = cut(asked, await fetch_all(_Access, sql, *given), lambda row: cursor_of("accesses", (row.at, row.id)))
    return AccessPage(accesses=await _shown(marketplace_id, page.rows), after=page.after, before=page.before)


async def accesses_of_request(marketplace_id: UUID, request_id: str | None, at: datetime) -> list[AccessEntry]:
    """What the access log has of the request that moved something then; nothing of a move that no request made.

    An id may have come from the caller, who can send it again and again: the ten that are nearest in time."""
    if request_id is None:
        return []
    rows = await fetch_all(
        _Access,
        f"SELECT {_COLUMNS} FROM access_log AS page WHERE page.request_id = $2 AND page.marketplace_id = $1"
        " ORDER BY abs(extract(epoch FROM page.at - $3)), page.id LIMIT 10",
        marketplace_id,
        request_id,
        at,
    )
    return await _shown(marketplace_id, sorted(rows, key=lambda row: (row.at, row.id)))


async def _shown(marketplace_id: UUID, rows: Sequence[_Access]) -> list[AccessEntry]:
    actors = ((row.actor_kind, row.actor_id) for row in rows if row.actor_kind and row.actor_id)
    names = await names_of(marketplace_id, actors)
    return [_access(row, names.get((row.actor_kind or "", row.actor_id or ""))) for row in rows]


def _access(row: _Access, actor_name: str | None) -> AccessEntry:
    fields: dict[str, Any] = {**msgspec.structs.asdict(row), "client": row.client.hex()}
    return AccessEntry(**fields, actor_name=actor_name)
