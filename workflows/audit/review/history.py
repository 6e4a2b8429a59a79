"""What became of one subscription, or of one customer, move by move and from the beginning, with all that hangs on it
(entities.py).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch_all, fetch_one, fetch_value
from models.row import Row
from workflows.audit.review.entities import OF_CUSTOMER, OF_SUBSCRIPTION
from workflows.audit.review.entries import ENTRIES, Entry, EntryRow, entries_of, find_subject
from workflows.audit.review.rows import BEGINNING
from workflows.requests.pagination import PageRequest, cursor, position

_NAME, _TYPES = "story", (datetime, UUID, int)
_LONGEST_NUMBER = 18  # digits; fits PostgreSQL's bigint
_FIRST = (BEGINNING, UUID(int=0), -1)  # before everything


class HistoryEntry(Entry, frozen=True, kw_only=True):
    """An entry of a story. `client` is the keyed digest of the address that the request came from, in hex; `session_id`
    the session that it came with; None where no request moved it, or the access log has deleted it."""

    client: str | None
    session_id: UUID | None


class _Numbers(Row, frozen=True):
    """The subscription's number, or the customer's, that a row of the log belongs to."""

    subscription: int | None
    customer: int | None


class _HistoryRow(EntryRow, frozen=True):
    client: bytes | None
    session_id: UUID | None


class EntityHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A page of it, oldest first; `after` goes on."""

    subject: str  # "subscription" or "customer"
    id: UUID
    number: int
    moves: list[HistoryEntry]
    after: str | None


_PAGE = f"""
WITH {{things}}, told AS MATERIALIZED (
    {ENTRIES}
    WHERE (log.at, log.entity_id, log.seq) > ($3, $4, $5)
    ORDER BY log.at, log.entity_id, log.seq LIMIT $6
)
SELECT told.*, came.client, came.session_id FROM told LEFT JOIN LATERAL (
    SELECT client, session_id FROM access_log
    WHERE access_log.request_id = told.request_id AND access_log.marketplace_id = $1
    ORDER BY abs(extract(epoch FROM access_log.at - told.at)) LIMIT 1
) AS came ON true
ORDER BY told.at, told.entity_id, told.seq
"""


async def history_of_subscription(marketplace_id: UUID, number: int, asked: PageRequest) -> EntityHistory:
    """A subscription's story, with its cases, charges, invoices, documents, e-mails, links, and the sessions that acted
    on it. Raises NotFound, and InvalidInput for a broken cursor."""
    return await _history("subscription", OF_SUBSCRIPTION, marketplace_id, number, asked)


async def history_of_customer(marketplace_id: UUID, which: int | UUID, asked: PageRequest) -> EntityHistory:
    """The story of everything of a customer, by number or id. Raises NotFound, and InvalidInput for a broken cursor."""
    return await _history("customer", OF_CUSTOMER, marketplace_id, which, asked)


async def _history(
    subject: str, things: str, marketplace_id: UUID, which: int | UUID, asked: PageRequest
) -> EntityHistory:
    found = await find_subject(marketplace_id, subject, which)
    behind: Any = position(_NAME, _TYPES, asked.cursor) if asked.cursor else _FIRST
    rows = await fetch_all(_HistoryRow, _PAGE.format(things=things), marketplace_id, found.id, *behind, asked.limit + 1)
    shown, more = rows[: asked.limit], len(rows) > asked.limit
    last = shown[-1] if more else None
    return EntityHistory(
        subject=subject,
        id=found.id,
        number=found.number,
        moves=[_entry(entry, row) for entry, row in zip(await entries_of(marketplace_id, shown), shown, strict=True)],
        after=cursor(_NAME, (last.at, last.entity_id, last.seq)) if last else None,
    )


def _entry(entry: Entry, row: _HistoryRow) -> HistoryEntry:
    return HistoryEntry(
        **{name: getattr(entry, name) for name in Entry.__struct_fields__},
        client=None if row.client is None else row.client.hex(),
        session_id=row.session_id,
    )


async def customer_number(marketplace_id: UUID, text: str) -> int | None:
    """The number of the customer of that number or e-mail address, None where there is none."""
    by_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return await fetch_value(
        f"SELECT number FROM customer WHERE marketplace_id = $1 AND {'number' if by_number else 'lower(email)'} ="
        f" {'$2' if by_number else 'lower($2)'}",
        marketplace_id,
        int(text) if by_number else text.replace("\0", ""),
    )


async def subject_of(marketplace_id: UUID, machine: str, entity_id: UUID) -> tuple[str, int] | None:
    """Whose story a row of the log belongs to: ("subscription", 1042) or ("customer", 12).

    None for a thing of no story."""
    if machine not in _SUBJECTS:
        return None
    row = await fetch_one(_Numbers, _SUBJECTS[machine], marketplace_id, entity_id)
    if row is None or (row.subscription is None and row.customer is None):
        return None
    return ("subscription", row.subscription) if row.subscription else ("customer", row.customer or 0)


_NUMBERS = (
    " LEFT JOIN subscription ON subscription.marketplace_id = $1 AND subscription.id = {0}"
    " LEFT JOIN customer ON customer.marketplace_id = $1 AND customer.id = {1}"
)
_OF = "SELECT subscription.number AS subscription, customer.number AS customer FROM "
_CUSTOMERS = _NUMBERS.format("NULL", "thing.customer_id") + " WHERE thing.marketplace_id = $1 AND thing.id = $2"
_BOTH = _NUMBERS.format("thing.subscription_id", "thing.customer_id") + (
    " WHERE thing.marketplace_id = $1 AND thing.id = $2"
)
_BY_CHARGE = (
    " JOIN charge ON charge.marketplace_id = $1 AND charge.id = invoice.charge_id"
    + _NUMBERS.format("charge.subscription_id", "charge.customer_id")
    + " WHERE invoice.marketplace_id = $1"
)
_SUBJECTS = {
    "subscription": "SELECT number AS subscription, NULL::bigint AS customer FROM subscription"
    " WHERE marketplace_id = $1 AND id = $2",
    "dunning_case": f"{_OF} dunning_case AS thing"
    + _NUMBERS.format("thing.subscription_id", "NULL")
    + " WHERE thing.marketplace_id = $1 AND thing.id = $2",
    "charge": f"{_OF} charge AS thing{_BOTH}",
    "access_token": f"{_OF} access_token AS thing{_BOTH}",
    "portal_session": f"{_OF} portal_session AS thing{_CUSTOMERS}",
    "outgoing_email": f"{_OF} outgoing_email AS thing{_CUSTOMERS}",
    "invoice": f"{_OF} invoice{_BY_CHARGE} AND invoice.id = $2",
    "document": f"{_OF} document JOIN invoice ON invoice.marketplace_id = $1 AND invoice.id = document.invoice_id"
    f"{_BY_CHARGE} AND document.marketplace_id = $1 AND document.id = $2",
}
