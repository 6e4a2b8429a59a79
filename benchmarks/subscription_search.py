"""The merchant's subscriptions with a million of them beside ten thousand: list, search by prefix, data cards.

`./gatehouse bench subscription_search [ROWS]`. Buffers that the whole act reads, not seconds: they say what it costs on
any machine. Search by trigrams stands beside it as the peer that was not chosen (docs/decisions/0013).
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from benchmarks.buffers import PLANNED_ONCE, Act, buffers
from benchmarks.results import Figure, report
from benchmarks.search_load.rows import a_shop, sell
from models.database import close_pool, execute, fetch, fetch_value, open_pool, single_connection
from workflows.billing.subscriptions.data_cards import data_cards, sum_up
from workflows.billing.subscriptions.staff_lists import (
    SubscriptionFilter,
    SubscriptionPage,
    list_subscriptions_of_marketplace,
)
from workflows.marketplaces.marketplace import find_marketplace
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.pagination import PageRequest, cursor

_FEW, _MANY = 10_000, 1_000_000
_LIMIT = 1.5
_SLUG = "big"
_TRIGRAMS = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX by_trigrams ON customer USING gin ((name || ' ' || email) gin_trgm_ops)",
)
_BY_TRIGRAMS = (
    "SELECT page.number FROM customer JOIN subscription AS page ON page.marketplace_id = customer.marketplace_id"
    " AND page.customer_id = customer.id WHERE customer.marketplace_id = $1 AND (name || ' ' || email) ILIKE $2"
    " ORDER BY page.started_at DESC, page.id DESC LIMIT 26"
)


async def _acts(shop: Marketplace) -> Mapping[str, Act]:
    found = partial(_page, shop)
    behind = await fetch(
        "SELECT started_at, id FROM subscription WHERE marketplace_id = $1 ORDER BY started_at, id LIMIT 1000", shop.id
    )
    deep = cursor("subscriptions", list(behind[-1]))
    address = await fetch_value("SELECT email FROM customer WHERE marketplace_id = $1 AND number = 4711", shop.id)
    janes = await _page(shop, SubscriptionFilter(search="jane"))
    return {
        "list: first page": partial(found, SubscriptionFilter()),
        "list: before its last thousand": partial(found, SubscriptionFilter(), deep),
        "list: failed charges": partial(found, SubscriptionFilter(state="failed_charge")),
        "search: jane": partial(found, SubscriptionFilter(search="jane")),
        "search: jane, next page": partial(found, SubscriptionFilter(search="jane"), janes.after),
        "search: doe": partial(found, SubscriptionFilter(search="doe")),
        "search: a whole address": partial(found, SubscriptionFilter(search=address)),
        "data cards": partial(data_cards, shop),
        "trigrams: jane": partial(fetch, _BY_TRIGRAMS, shop.id, "%jane%"),
        "trigrams: jane doe": partial(fetch, _BY_TRIGRAMS, shop.id, "%jane doe%"),
    }


async def _page(shop: Marketplace, wanted: SubscriptionFilter, after: str | None = None) -> SubscriptionPage:
    page = await list_subscriptions_of_marketplace(shop, wanted, PageRequest(after=after))
    assert page.subscriptions, wanted
    return page


async def _with(rows: int) -> dict[str, float]:
    """The figures of each act with so many subscriptions."""
    url = os.environ["DATABASE_URL"]
    await open_pool(f"{url}{'&' if '?' in url else '?'}{PLANNED_ONCE}", min_size=1, max_size=1)
    try:
        await sum_up()
        shop = await find_marketplace(_SLUG)
        assert (await data_cards(shop)).active_now > rows / 2
        return {name: await buffers(act) for name, act in (await _acts(shop)).items()}
    finally:
        await close_pool()


async def measure(many: int) -> list[Figure]:
    """The figures, with few subscriptions and with many; the database of the bench verb is migrated."""
    found: dict[int, dict[str, float]] = {}
    async with single_connection(os.environ["SUPERUSER_DATABASE_URL"]):
        shop = await a_shop(_SLUG)
        for statement in _TRIGRAMS:
            await execute(statement)
    sold = 0
    for rows in (_FEW, many):
        async with single_connection(os.environ["SUPERUSER_DATABASE_URL"]):
            await sell(shop, sold + 1, rows)
        sold = rows
        found[rows] = await _with(rows)
    return [figure for name in found[_FEW] for figure in _figures(name, found[_FEW][name], found[many][name], many)]


def _figures(name: str, few: float, many: float, rows: int) -> list[Figure]:
    limit = "" if name.startswith("trigrams") else f"≤ {_LIMIT}"
    return [
        Figure(f"{name}, {_FEW:,} rows", few, "buffers"),
        Figure(f"{name}, {rows:,} rows", many, "buffers"),
        Figure(f"{name}: ratio", many / few, "ratio", limit),
    ]


def main() -> None:
    """Prints the table; exits 1 when something reads more than it may."""
    arguments: list[Any] = sys.argv[1:]
    figures = asyncio.run(measure(int(arguments[0]) if arguments else _MANY))
    report("subscription_search", figures)
    if any(figure.limit and figure.value > _LIMIT for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
