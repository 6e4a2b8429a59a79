"""The facts and their breaches, as the auditor of one marketplace sees them.

What is the whole deployment's is not theirs; its operator sees all of it: `./gatehouse check-facts`, metrics.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from models.database import fetch_all, fetch_pairs, fetch_value
from models.row import Row
from workflows.audit.invariants import INVARIANTS, INVARIANTS_BY_NAME
from workflows.requests.pagination import Keyset, PageRequest, cursor, cut
from workflows.runtime.errors import InvalidInput

Standing = Literal["open", "gone"]

_NAME = re.compile("[a-z0-9_]{1,100}")  # one of an earlier release has breaches too
_NEWEST = Keyset("fact breaches", ("opened_at", "id"), (datetime, UUID), newest_first=True)
_DEPLOYMENTS_OWN = {"schedule"}  # tables that no marketplace has a part of


class _LastCheck(Row, frozen=True):
    fact: str
    checked_at: datetime
    full_at: datetime | None


class InvariantStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A fact, and whether it holds. `checked_at`: of what moved; `full_at`: of everything. None: not yet."""

    name: str
    says: str
    open_breaches: int
    checked_at: datetime | None
    full_at: datetime | None


class InvariantList(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that must always hold."""

    facts: list[InvariantStatus]


class ViolationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that breaks a fact: `entity` is an id in the table `about`. `seen_at`, `times`: the last check that saw
    it, and how many did. `gone_at`: the first that did not; None: it is there still."""

    id: UUID
    fact: str
    says: str
    about: str
    entity: str
    tells: str
    opened_at: datetime
    seen_at: datetime
    times: int
    gone_at: datetime | None


class ViolationPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page, newest first; `after` and `before` lead to its neighbours."""

    breaches: list[ViolationEntry]
    after: str | None
    before: str | None


async def list_invariants(marketplace_id: UUID) -> InvariantList:
    """Every fact about the marketplace's rows."""
    rows = await fetch_all(_LastCheck, "SELECT fact, checked_at, full_at FROM fact_check")
    checked = {row.fact: row for row in rows}
    broken = await open_breaches(marketplace_id)
    return InvariantList(
        facts=[
            InvariantStatus(
                name=fact.name,
                says=fact.says,
                open_breaches=broken.get(fact.name, 0),
                checked_at=checked[fact.name].checked_at if fact.name in checked else None,
                full_at=checked[fact.name].full_at if fact.name in checked else None,
            )
            for fact in INVARIANTS
            if fact.about not in _DEPLOYMENTS_OWN
        ]
    )


async def open_breaches(marketplace_id: UUID | None = None) -> Mapping[str, int]:
    """How many breaches of each fact are open, of one marketplace or of all and the deployment's own."""
    return await fetch_pairs(
        "SELECT fact, count(*) AS count FROM fact_breach WHERE gone_at IS NULL"
        " AND ($1::uuid IS NULL OR marketplace_id = $1) GROUP BY fact",
        marketplace_id,
    )


async def list_violations(
    marketplace_id: UUID, asked: PageRequest, *, fact: str | None = None, standing: Standing | None = None
) -> ViolationPage:
    """A page of breaches, the newest first. Raises InvalidInput for a broken cursor, and for no fact's name."""
    if fact is not None and not _NAME.fullmatch(fact):
        raise InvalidInput({"fact": "Give a fact's name, as the list of facts has it."})
    sql, arguments = _NEWEST.fill(
        "SELECT id, fact, about, entity, tells, opened_at, seen_at, times, gone_at FROM fact_breach"
        " WHERE marketplace_id = $1 AND ($2::text IS NULL OR fact = $2)"
        " AND ($3::text IS NULL OR (gone_at IS NULL) = ($3 = 'open')) {beyond} ORDER BY {order} LIMIT {limit}",
        [marketplace_id, fact, standing],
        asked,
    )
    rows = await fetch_all(_shown, sql, *arguments)
    page = cut(asked, rows, lambda row: cursor(_NEWEST.name, (row.opened_at, row.id)))
    return ViolationPage(breaches=page.rows, after=page.after, before=page.before)


async def last_full_check() -> datetime | None:
    """When everything was last looked at; None: never."""
    return await fetch_value(
        "SELECT min(full_at) FROM fact_check WHERE fact = ANY($1) HAVING count(full_at) = $2",
        list(INVARIANTS_BY_NAME),
        len(INVARIANTS),
    )


def _shown(**columns: object) -> ViolationEntry:
    known = INVARIANTS_BY_NAME.get(str(columns["fact"]))
    return msgspec.convert({**columns, "says": known.says if known else ""}, ViolationEntry)
