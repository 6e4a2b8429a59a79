"""The invoices and credit notes of some days, of one customer or of all: how many there are, and which have no PDF yet.

A download is of PDFs that are there. Imported invoices have none until somebody asks: asking for a range asks for some
of them at a time, so that fresh payments' documents do not wait behind a merchant's whole history.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from models.database import execute, fetch, fetch_row, transaction
from workflows.engine.actor import Actor
from workflows.engine.fire import Move
from workflows.engine.transition_sql import creation_from
from workflows.languages.sentences import sentence
from workflows.machines import DOCUMENT
from workflows.marketplaces.days import read_day, today
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import InvalidInput

MOST = 10_000  # documents a download: a gigabyte; what is larger is two downloads
_ASKED_AT_ONCE = 300  # documents: some twenty seconds of rendering
_NAMED = 20  # a page names so many, and counts the rest
_YEAR = timedelta(days=365)
_EARLIEST, _LATEST = date(1970, 1, 1), date(9998, 12, 31)

# Of the documents in a range: $1 marketplace, $2 customer or NULL, $3 and $4 the instants.
IN_RANGE = (
    "invoice.marketplace_id = $1 AND ($2::uuid IS NULL OR invoice.customer_id = $2)"
    " AND invoice.issued_at >= $3 AND invoice.issued_at < $4"
)
JOINED = (
    "FROM invoice LEFT JOIN document ON document.marketplace_id = invoice.marketplace_id"
    " AND document.invoice_id = invoice.id"
)


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, itself included, in the marketplace's time zone."""

    marketplace: Marketplace
    first: date
    last: date

    def instants(self) -> tuple[datetime, datetime]:
        """The first instant, and the first one after it."""
        zone = ZoneInfo(self.marketplace.time_zone)
        return (
            datetime.combine(self.first, time(), zone),
            datetime.combine(self.last + timedelta(days=1), time(), zone),
        )

    def arguments(self, customer_id: UUID | None) -> tuple[UUID, UUID | None, datetime, datetime]:
        """What IN_RANGE takes."""
        return self.marketplace.id, customer_id, *self.instants()


class InvoiceRange(msgspec.Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """What there is of some days. `preparing`: without a PDF so far, `failed`: given up; some of their numbers each.

    `total` counts invoices and credit notes, corrected ones too; a download holds the `ready` ones.
    """

    first: date
    last: date
    total: int
    ready: int
    preparing: int
    preparing_numbers: list[str]
    failed: int
    failed_numbers: list[str]


def read_days(marketplace: Marketplace, first: str | None, last: str | None) -> Days:
    """The days that somebody asked for, else the last year. Raises InvalidInput naming `from` or `to`."""
    end = read_day(last, "to") if last and last.strip() else today(marketplace)
    if not _EARLIEST <= end <= _LATEST:
        raise InvalidInput({"to": sentence("Choose a day of this age.")})
    start = read_day(first, "from") if first and first.strip() else end - _YEAR
    if not _EARLIEST <= start <= end:
        raise InvalidInput({"from": sentence("Choose a day that is not after the last one.")})
    return Days(marketplace, start, end)


async def range_of(days: Days, customer_id: UUID | None) -> InvoiceRange:
    """What there is of those days. Raises InvalidInput where it is too much for one download."""
    row = await fetch_row(
        "SELECT count(*) AS total, count(*) FILTER (WHERE state = 'rendered') AS ready,"
        " count(*) FILTER (WHERE state IS NULL OR state = 'requested') AS preparing,"
        " count(*) FILTER (WHERE state = 'failed') AS failed,"
        f" (array_agg(number ORDER BY issued_at) FILTER (WHERE state IS NULL OR state = 'requested'))[1:{_NAMED}]"
        " AS preparing_numbers,"
        f" (array_agg(number ORDER BY issued_at) FILTER (WHERE state = 'failed'))[1:{_NAMED}] AS failed_numbers"
        f" FROM (SELECT invoice.number, invoice.issued_at, document.state {JOINED} WHERE {IN_RANGE} LIMIT {MOST + 1})"
        " AS found",
        *days.arguments(customer_id),
    )
    assert row is not None, "an aggregate answers"
    if row["total"] > MOST:
        raise InvalidInput({"from": sentence("Choose fewer days: there are more than 10,000 documents in these.")})
    found: dict[str, Any] = {name: value or [] if name.endswith("numbers") else value for name, value in row.items()}
    return InvoiceRange(first=days.first, last=days.last, **found)


# Ids of invoices without a document; the oldest first, none where enough are being prepared for this range already.
_IN_RANGE_AFTER_THE_MOVE = re.sub(r"\$(\d)", lambda place: f"${int(place[1]) + 6}", IN_RANGE)  # $7 to $10
_WANTED = f"""
wanted AS (
    SELECT invoice.marketplace_id, invoice.id {JOINED}
    WHERE {_IN_RANGE_AFTER_THE_MOVE}
    AND document.id IS NULL ORDER BY invoice.issued_at, invoice.id LIMIT $11
)"""
_COLUMNS = (("marketplace_id", "wanted.marketplace_id"), ("invoice_id", "wanted.id"))


async def ask_for_missing(days: Days, customer_id: UUID | None, by: Actor) -> None:
    """Asks for PDFs that nobody asked for yet, as many as may be under way at once for one download."""
    move = Move(by, "download_asked_for")
    under_way = await fetch(
        f"SELECT FROM invoice JOIN document ON document.marketplace_id = invoice.marketplace_id"
        f" AND document.invoice_id = invoice.id WHERE {IN_RANGE} AND document.state = 'requested'"
        f" LIMIT {_ASKED_AT_ONCE}",
        *days.arguments(customer_id),
    )
    sql = creation_from(DOCUMENT, "request", _COLUMNS, _WANTED, "wanted")
    arguments = (*move.columns(), *days.arguments(customer_id), _ASKED_AT_ONCE - len(under_way))
    try:
        async with transaction():
            await execute(sql, DOCUMENT.initial, "request", *arguments)
    except asyncpg.UniqueViolationError:
        return  # somebody else asked for one of them at the same moment; whoever looks again asks for the rest
