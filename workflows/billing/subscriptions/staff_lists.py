"""What a merchant looks through: subscriptions by start, state and name, customers, products.

Each list pages by keyset (workflows/requests/pagination.py). One subscription with all that belongs to it is in
staff_view.py, payments are in workflows/billing/charges/staff_lists.py.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from models.database import fetch, fetch_row
from workflows.billing.products import PRODUCT_COLUMNS, Product
from workflows.customers.records import CustomerRecord
from workflows.customers.search import Search, cleaned, first, search_page
from workflows.marketplaces.short_numbers import id_in, number_in
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.pagination import Keyset, Page, PageRequest, cursor, cut
from workflows.runtime.errors import InvalidInput

SHOWN_BY_DEFAULT = timedelta(days=30)  # subscriptions that started within it; a search finds all (PRODUCT.md 3.4)
_FIRST_YEAR, _LAST_YEAR = 1970, 2200  # what can be a start, with a margin
State = Literal["active", "failed_charge", "completed", "cancelled"]


class ListedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a subscription is. `undeliverable`: mail to the address stopped."""

    number: int
    email: str
    name: str
    undeliverable: Literal["hard_bounce", "complaint"] | None


class ListedSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription in a list. Money is in minor units of `currency`."""

    id: UUID
    number: int
    product: str
    state: State
    customer: ListedCustomer
    amount_minor: int
    currency: str
    interval_unit: str
    interval_count: int
    started_at: datetime
    next_charge_at: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None


class SubscriptionPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page. Send `after` or `before` back, with the same filters, for its neighbours; None where there is none."""

    subscriptions: list[ListedSubscription]
    after: str | None
    before: str | None


class CustomerPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of customers."""

    customers: list[CustomerRecord]
    after: str | None
    before: str | None


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of products."""

    products: list[Product]
    after: str | None
    before: str | None


class SubscriptionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which subscriptions: in a state; started on days of the marketplace's time zone, both included; or, over all
    dates, those that a search finds: by number or id, or by how the customer's address or a word of their name begins.
    """

    state: State | None = None
    started_from: date | None = None
    started_to: date | None = None
    search: str | None = None


_NEWEST_STARTS = Keyset("subscriptions", ("page.started_at", "page.id"), (datetime, UUID), newest_first=True)
_NEWEST_CUSTOMERS = Keyset("customers", ("page.number",), (int,), newest_first=True)
_NEWEST_PRODUCTS = Keyset("products", ("page.id",), (UUID,), newest_first=True)

_CUSTOMERS = "customer.number AS customer_number, customer.email, customer.name, customer.undeliverable"
_LISTED = (
    f"page.id, page.number, product.name AS product, page.state, {_CUSTOMERS}, page.amount_minor, page.currency,"
    " page.interval_unit, page.interval_count, page.started_at, page.next_charge_at, page.cancel_at, page.ended_at"
)
_JOINED = " JOIN product ON product.marketplace_id = page.marketplace_id AND product.id = page.product_id"
_CUSTOMER_OF = " JOIN customer ON customer.marketplace_id = page.marketplace_id AND customer.id = page.customer_id"
_SUBSCRIPTIONS_OF = (
    " JOIN subscription AS page ON page.marketplace_id = customer.marketplace_id AND page.customer_id = customer.id"
)
_CUSTOMER_COLUMNS = ", ".join(f"customer.{name}" for name in CustomerRecord.__struct_fields__)


async def list_subscriptions_of_marketplace(
    marketplace: Marketplace, wanted: SubscriptionFilter, asked: PageRequest
) -> SubscriptionPage:
    """One page, the newest start first; what a search finds is in the order of what it found.

    Raises InvalidInput for a cursor of another list, a range that ends before it begins, a search with dates.
    """
    if wanted.search is None:
        sql, arguments = _started_statement(marketplace, wanted, asked)
        rows = await fetch(sql, *arguments)
        page = cut(asked, rows, lambda row: cursor(_NEWEST_STARTS.name, [row["started_at"], row["id"]]))
    else:
        page = await _found(marketplace, wanted, asked)
    return SubscriptionPage(subscriptions=[_listed(row) for row in page.rows], after=page.after, before=page.before)


def _started_statement(
    marketplace: Marketplace, wanted: SubscriptionFilter, asked: PageRequest
) -> tuple[str, list[Any]]:
    """The query of a page by start, and its arguments."""
    _check_days(wanted)
    conditions = ["page.marketplace_id = $1"]
    arguments: list[Any] = [marketplace.id]
    zone = ZoneInfo(marketplace.time_zone)
    for condition, value in (
        ("page.state = ", wanted.state),
        ("page.started_at >= ", wanted.started_from and _midnight(wanted.started_from, zone)),
        ("page.started_at < ", wanted.started_to and _midnight(wanted.started_to + timedelta(days=1), zone)),
    ):
        if value is not None:
            arguments.append(value)
            conditions.append(f"{condition}${len(arguments)}")
    # The page is picked from the index alone; only its rows are joined.
    sql = (
        f"SELECT {_LISTED} FROM (SELECT page.* FROM subscription AS page WHERE {' AND '.join(conditions)} {{beyond}}"
        f" ORDER BY {{order}} LIMIT {{limit}}) AS page{_JOINED}{_CUSTOMER_OF} ORDER BY {{order}}"
    )
    return _NEWEST_STARTS.fill(sql, arguments, asked)


def _check_days(wanted: SubscriptionFilter) -> None:
    for name, day in (("started_from", wanted.started_from), ("started_to", wanted.started_to)):
        if day is not None and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise InvalidInput({name: f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}."})
    if wanted.started_from and wanted.started_to and wanted.started_to < wanted.started_from:
        raise InvalidInput({"started_to": "must not lie before the first day."})


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


async def _found(marketplace: Marketplace, wanted: SubscriptionFilter, asked: PageRequest) -> Page:
    if wanted.started_from or wanted.started_to:
        raise InvalidInput({"search": "looks over all dates: leave the dates out."})
    text = cleaned(wanted.search or "")
    page = await search_page(marketplace.id, text, _subscriptions_search(wanted.state), asked)
    return page if asked.cursor else first(await _named(marketplace.id, text, wanted.state), page)


def _subscriptions_search(state: State | None) -> Search:
    """What is searched for subscriptions, in a state or in any."""
    condition = "" if state is None else " AND page.state = $3"
    return Search(
        sql=f"SELECT page.*, {_CUSTOMERS}, {{columns}} FROM customer{_SUBSCRIPTIONS_OF}"
        f" WHERE customer.marketplace_id = $1{condition}",
        number="page.number",
        arguments=() if state is None else (state,),
        joined=f"SELECT page.*, product.name AS product FROM ({{page}}) AS page{_JOINED}",
    )


async def _named(marketplace_id: UUID, text: str, state: State | None) -> Any | None:
    """The subscription whose number or id the text is."""
    number, id_ = number_in(text), id_in(text)
    if number is None and id_ is None:
        return None
    return await fetch_row(
        f"SELECT {_LISTED} FROM subscription AS page{_JOINED}{_CUSTOMER_OF}"
        " WHERE page.marketplace_id = $1 AND (page.number = $2 OR page.id = $3)"
        " AND ($4::text IS NULL OR page.state = $4)",
        marketplace_id,
        number,
        id_,
        state,
    )


def _listed(row: Any) -> ListedSubscription:
    same = {name: row[name] for name in ListedSubscription.__struct_fields__ if name != "customer"}
    customer = ListedCustomer(
        number=row["customer_number"], email=row["email"], name=row["name"], undeliverable=row["undeliverable"]
    )
    return ListedSubscription(customer=customer, **same)


async def list_customers(marketplace_id: UUID, search: str | None, asked: PageRequest) -> CustomerPage:
    """One page, the newest first; with `search` whom it finds: by number or id, or by how address or name begin."""
    if search is None:
        sql = f"SELECT {_CUSTOMER_COLUMNS.replace('customer.', 'page.')} FROM customer AS page WHERE"
        sql += " page.marketplace_id = $1 {beyond} ORDER BY {order} LIMIT {limit}"
        filled, arguments = _NEWEST_CUSTOMERS.fill(sql, [marketplace_id], asked)
        page = cut(asked, await fetch(filled, *arguments), lambda row: cursor("customers", [row["number"]]))
    else:
        page = await _customers_found(marketplace_id, cleaned(search), asked)
    found = [CustomerRecord(**{name: row[name] for name in CustomerRecord.__struct_fields__}) for row in page.rows]
    return CustomerPage(customers=found, after=page.after, before=page.before)


async def _customers_found(marketplace_id: UUID, text: str, asked: PageRequest) -> Page:
    sql = f"SELECT {_CUSTOMER_COLUMNS}, {{columns}} FROM customer WHERE customer.marketplace_id = $1"
    page = await search_page(marketplace_id, text, Search(sql=sql, number="customer.number"), asked)
    named = await fetch_row(
        f"SELECT {_CUSTOMER_COLUMNS} FROM customer WHERE marketplace_id = $1 AND (number = $2 OR id = $3)",
        marketplace_id,
        number_in(text),
        id_in(text),
    )
    return page if asked.cursor else first(named, page)


async def list_products(marketplace_id: UUID, asked: PageRequest) -> ProductPage:
    """One page, the newest first."""
    sql = f"SELECT {PRODUCT_COLUMNS} FROM product AS page WHERE page.marketplace_id = $1 {{beyond}}"
    filled, arguments = _NEWEST_PRODUCTS.fill(f"{sql} ORDER BY {{order}} LIMIT {{limit}}", [marketplace_id], asked)
    page = cut(asked, await fetch(filled, *arguments), lambda row: cursor("products", [row["id"]]))
    return ProductPage(products=[Product(**row) for row in page.rows], after=page.after, before=page.before)
