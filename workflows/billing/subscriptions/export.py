"""The list of subscriptions as CSV: the same rows as the pages of the list, however many, read page by page.

For a spreadsheet: UTF-8 with a byte order mark, without which Excel reads names in the wrong alphabet, and no cell that
it would run as a formula (OWASP, "CSV Injection"). Amounts are decimal, instants UTC in ISO 8601.
"""

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from decimal import Decimal

from workflows.billing.subscriptions.staff_lists import (
    ListedSubscription,
    SubscriptionFilter,
    SubscriptionPage,
    list_subscriptions_of_marketplace,
)
from workflows.languages.formatting import exponent
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.pagination import LARGEST_PAGE, PageRequest

MEDIA_TYPE = "text/csv"  # in UTF-8
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # at the beginning of a file: the byte order mark
_RUNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # how a cell begins that spreadsheets take for a formula
_BREAKS = ("\t", "\r", "\n")  # after which they look for one too
_HEAD = (
    "subscription", "state", "product", "customer", "name", "email", "amount", "currency", "interval_unit",
    "interval_count", "started_at", "next_charge_at", "cancel_at", "ended_at",
)  # fmt: skip


async def export_subscriptions(marketplace: Marketplace, wanted: SubscriptionFilter) -> AsyncGenerator[str]:
    """The file, piece by piece. Raises InvalidInput before the first piece, for what the list would refuse.

    Each piece is a read of its own: whoever downloads slowly holds no connection. Rows that come to be meanwhile are
    newer than the first one, and are not in it.
    """
    page = await _page(marketplace, wanted, None)
    return _pieces(marketplace, wanted, page)


async def _pieces(marketplace: Marketplace, wanted: SubscriptionFilter, page: SubscriptionPage) -> AsyncGenerator[str]:
    yield _MARK + _lines([_HEAD])
    # What was searched for by its number stands first, and may be found once more by its customer's name.
    first = page.subscriptions[0].number if page.subscriptions and wanted.search else None
    yield _lines([_cells(one) for one in page.subscriptions])
    while page.after is not None:
        page = await _page(marketplace, wanted, page.after)
        yield _lines([_cells(one) for one in page.subscriptions if one.number != first])


async def _page(marketplace: Marketplace, wanted: SubscriptionFilter, after: str | None) -> SubscriptionPage:
    return await list_subscriptions_of_marketplace(marketplace, wanted, PageRequest(after=after, limit=LARGEST_PAGE))


def _cells(one: ListedSubscription) -> list[str]:
    return [
        str(one.number),
        one.state,
        one.product,
        str(one.customer.number),
        one.customer.name,
        one.customer.email,
        str(Decimal(one.amount_minor).scaleb(-exponent(one.currency))),
        one.currency,
        one.interval_unit,
        str(one.interval_count),
        *(_instant(at) for at in (one.started_at, one.next_charge_at, one.cancel_at, one.ended_at)),
    ]


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would run.

    >>> harmless("=1+1")
    "'=1+1"
    """
    runs = cell.startswith(_BREAKS) or cell.lstrip().startswith(_RUNS)
    return f"'{cell}" if runs else cell
