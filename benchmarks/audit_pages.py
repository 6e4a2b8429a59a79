"""The auditor's pages over 10,000,000 rows of log beside 100,000: what each page reads, in buffers.

`./gatehouse bench audit_pages [ROWS]`. Buffers, not seconds: they say what it costs on any machine (issue: at most 1.25
times). A page is all that it asks for: whose session this is, what can be filtered by, its rows, its chart.
The rows are spread over a year's partitions in either case.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from benchmarks.audit_load.pages_rows import RARE_STAFF, RARE_WORKER, a_subscription_with_a_history, log_moves
from benchmarks.buffers import PLANNED_ONCE, Act, buffers
from benchmarks.results import Figure, report
from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool, single_connection
from tests.factories import a_marketplace, a_staff_member, a_staff_session
from workflows.access.sessions import find_staff_session
from workflows.audit.review.accesses import AccessFilter, accesses_of_request, list_accesses
from workflows.audit.review.counts import can_be_counted, machine_counts, transitions_by_day
from workflows.audit.review.filters import LogFilter, known_rules
from workflows.audit.review.history import history_of_customer, history_of_subscription, subject_of
from workflows.audit.review.transitions import list_transitions, transition_of
from workflows.marketplaces.marketplace import find_marketplace
from workflows.requests.pagination import PageRequest, cursor

_FEW, _MANY = 100_000, 10_000_000
_LIMIT = 1.25
_SLUG = "big"


async def _pages(shop: UUID, subscription: UUID, session_token: str) -> Mapping[str, Act]:
    """Each page as somebody who is signed in gets it."""

    async def whole(act: Act) -> None:
        await find_staff_session((await find_marketplace(_SLUG)).id, session_token)
        await act()

    return {name: partial(whole, act) for name, act in (await _acts(shop, subscription)).items()}


async def _acts(shop: UUID, subscription: UUID) -> Mapping[str, Act]:
    charge = await fetch_row("SELECT id, customer_id FROM charge WHERE subscription_id = $1 LIMIT 1", subscription)
    behind = await fetch(
        "SELECT at, entity_id, seq FROM transition_log WHERE marketplace_id = $1 ORDER BY at LIMIT 1000", shop
    )
    assert charge is not None
    deep = cursor("transitions", list(behind[-1]))
    client = await fetch_value("SELECT client FROM access_log WHERE marketplace_id = $1 LIMIT 1", shop)
    month_ago = datetime.now(UTC) - timedelta(days=35)
    today = datetime.now(UTC).date()
    weeks = LogFilter(since=month_ago, until=month_ago + timedelta(days=14))
    listed = partial(_page, shop)
    return {
        "log: newest": partial(listed, LogFilter()),
        "log: before its last thousand": partial(listed, LogFilter(), deep),
        "log: two weeks": partial(listed, weeks),
        "log: a life cycle": partial(listed, LogFilter(machine="charge")),
        "log: a life cycle, two weeks": partial(listed, replace(weeks, machine="charge")),
        "log: a rare trigger": partial(listed, LogFilter(trigger="dispute")),
        "log: a state": partial(listed, LogFilter(to_state="active")),
        "log: a kind of actor": partial(listed, LogFilter(actor_kind="gateway")),
        "log: a life cycle by staff": partial(listed, LogFilter(machine="subscription", actor_kind="staff")),
        "log: one of the staff": partial(listed, LogFilter(actor_kind="staff", actor_id=str(RARE_STAFF))),
        "log: one job": partial(listed, LogFilter(actor_kind="worker", actor_id=RARE_WORKER)),
        "log: one customer": partial(
            _page, shop, LogFilter(actor_kind="customer", actor_id=str(charge["customer_id"]))
        ),
        "log: one thing": partial(listed, LogFilter(entity=charge["id"])),
        "row": partial(_row, shop, charge["id"]),
        "picture of a life cycle": partial(machine_counts, shop, "charge", today - timedelta(days=29), today),
        "story of a subscription": partial(history_of_subscription, shop, 1, PageRequest(limit=50)),
        "story of a customer": partial(history_of_customer, shop, 1, PageRequest(limit=50)),
        "access: refused": partial(list_accesses, shop, AccessFilter(), PageRequest()),
        "access: one client": partial(list_accesses, shop, AccessFilter(client=client), PageRequest()),
    }


async def _page(shop: UUID, wanted: LogFilter, after: str | None = None) -> None:
    """What the log's page reads: its choices, its rows, its chart."""
    await known_rules(shop)
    page = await list_transitions(shop, wanted, PageRequest(after=after))
    assert page.transitions or wanted.actor_kind == "customer", wanted
    if can_be_counted(wanted):
        await transitions_by_day(shop, wanted)


async def _row(shop: UUID, charge: UUID) -> None:
    """What a row's page reads: the row, whose it is, where its request came from."""
    move = await transition_of(shop, "charge", charge, 2)
    await subject_of(shop, "charge", charge)
    await accesses_of_request(shop, move.request_id, move.at)


async def _with(shop: UUID, subscription: UUID, session_token: str) -> dict[str, float]:
    """The figures of each act over the rows that there are."""
    url = os.environ["DATABASE_URL"]
    await open_pool(f"{url}{'&' if '?' in url else '?'}{PLANNED_ONCE}", min_size=1, max_size=1)
    try:
        for table in ("log_day", "log_total"):
            assert (
                await fetch_value(f"SELECT sum(moves)::bigint FROM {table} WHERE marketplace_id = $1", shop) > _FEW / 2
            )
        pages = await _pages(shop, subscription, session_token)
        return {name: await buffers(page) for name, page in pages.items()}
    finally:
        await close_pool()


async def measure(many: int) -> list[Figure]:
    """The figures, over few rows and over many; the database of the bench verb is migrated."""
    found: dict[int, dict[str, float]] = {}
    superuser = os.environ["SUPERUSER_DATABASE_URL"]
    async with single_connection(superuser):
        marketplace = await a_marketplace(slug=_SLUG)
        session_token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace))
        shop = marketplace.id
        await execute("INSERT INTO customer (marketplace_id, number, email) VALUES ($1, 1, 'jane@example.com')", shop)
        subscription = await a_subscription_with_a_history(shop)
    for rows in (_FEW, many):
        async with single_connection(superuser):
            await log_moves(shop, subscription, rows)
        found[rows] = await _with(shop, subscription, session_token)
    return [figure for name in found[_FEW] for figure in _figures(name, found[_FEW][name], found[many][name], many)]


def _figures(name: str, few: float, many: float, rows: int) -> list[Figure]:
    return [
        Figure(f"{name}, {_FEW:,} rows", few, "buffers"),
        Figure(f"{name}, {rows:,} rows", many, "buffers"),
        Figure(f"{name}: ratio", many / few, "ratio", f"≤ {_LIMIT}"),
    ]


def main() -> None:
    """Prints the table; exits 1 when something reads more than it may."""
    arguments: list[Any] = sys.argv[1:]
    figures = asyncio.run(measure(int(arguments[0]) if arguments else _MANY))
    report("audit_pages", figures)
    if any(figure.limit and figure.value > _LIMIT for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
