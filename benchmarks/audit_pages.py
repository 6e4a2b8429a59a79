"""The auditor's pages over 10,000,000 rows of log beside 100,000: what each act reads, in buffers.

`./gatehouse bench audit_pages [ROWS]`. Buffers, not seconds: they say what it costs on any machine (issue: at most 1.25
times). The rows are spread over a year's partitions in either case.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from benchmarks.audit_pages_rows import RARE_STAFF, RARE_WORKER, a_subscription_with_a_history, log_moves
from benchmarks.results import Figure, report
from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool, single_connection
from workflows.keyset import Asked, cursor
from workflows.review.accesses import AccessWanted, list_accesses
from workflows.review.counts import machine_counts, moves_by_day
from workflows.review.filters import LogFilter
from workflows.review.story import story_of_customer, story_of_subscription
from workflows.review.transitions import LogPage, list_moves, move_of

_FEW, _MANY = 100_000, 10_000_000
_LIMIT = 1.25
_WARM, _RUNS = 8, 10  # caches of the session are warm by then; each run reads the same
_PLANNED_ONCE = "plan_cache_mode=force_generic_plan"  # planning reads the same at any size, and not always
_READ = "SELECT sum(hits + reads)::bigint FROM pg_stat_get_backend_io(pg_backend_pid())"

Act = Callable[[], Awaitable[object]]


async def _buffers(act: Act) -> float:
    """What the act reads each time, all its statements together."""
    for _ in range(_WARM):
        await act()
    before = await _read_so_far()
    for _ in range(_RUNS):
        await act()
    return (await _read_so_far() - before) / _RUNS


async def _read_so_far() -> int:
    await execute("SELECT pg_stat_force_next_flush()")
    await execute("SELECT 1")  # statistics leave with the end of a statement
    return await fetch_value(_READ)


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
        "row": partial(move_of, shop, "charge", charge["id"], 2),
        "chart: all moves": partial(moves_by_day, shop, LogFilter()),
        "chart: a life cycle": partial(moves_by_day, shop, LogFilter(machine="charge")),
        "picture of a life cycle": partial(machine_counts, shop, "charge", today - timedelta(days=29), today),
        "story of a subscription": partial(story_of_subscription, shop, 1, Asked(limit=50)),
        "story of a customer": partial(story_of_customer, shop, 1, Asked(limit=50)),
        "access: refused": partial(list_accesses, shop, AccessWanted(), Asked()),
        "access: one client": partial(list_accesses, shop, AccessWanted(client=client), Asked()),
    }


async def _page(shop: UUID, wanted: LogFilter, after: str | None = None) -> LogPage:
    page = await list_moves(shop, wanted, Asked(after=after))
    assert page.transitions or wanted.actor_kind == "customer", wanted
    return page


async def _with(shop: UUID, subscription: UUID) -> dict[str, float]:
    """The figures of each act over the rows that there are."""
    url = os.environ["DATABASE_URL"]
    await open_pool(f"{url}{'&' if '?' in url else '?'}{_PLANNED_ONCE}", min_size=1, max_size=1)
    try:
        for table in ("log_day", "log_total"):
            assert (
                await fetch_value(f"SELECT sum(moves)::bigint FROM {table} WHERE marketplace_id = $1", shop) > _FEW / 2
            )
        acts = await _acts(shop, subscription)
        return {name: await _buffers(act) for name, act in acts.items()}
    finally:
        await close_pool()


async def measure(many: int) -> list[Figure]:
    """The figures, over few rows and over many; the database of the bench verb is migrated."""
    found: dict[int, dict[str, float]] = {}
    superuser = os.environ["SUPERUSER_DATABASE_URL"]
    async with single_connection(superuser):
        shop = await fetch_value("INSERT INTO marketplace (slug, name) VALUES ('big', 'Big') RETURNING id")
        await execute("INSERT INTO customer (marketplace_id, number, email) VALUES ($1, 1, 'jane@example.com')", shop)
        subscription = await a_subscription_with_a_history(shop)
    for rows in (_FEW, many):
        async with single_connection(superuser):
            await log_moves(shop, subscription, rows)
        found[rows] = await _with(shop, subscription)
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
