"""The payment history of one customer with a million payments: what a page reads at the front and in the deep.

`./gatehouse bench payment_history [ROWS]`. Buffers, not seconds: they say what a page costs on any machine.
"""

import asyncio
import json
import os
import sys
from typing import Any
from uuid import UUID

from benchmarks.results import Figure, report
from cli.migrate import migrate
from models.database import close_pool, execute, fetch_row, fetch_value, open_pool, single_connection
from tests.factories import a_marketplace
from workflows.billing.charges.history import Direction, PaymentSort, list_payments, page_statement
from workflows.requests.pagination import PageRequest, cursor

_ROWS = 1_000_000
_LIMIT = 1.25  # deep pages against the first: the index is as deep everywhere, give or take a page
_SORTS: tuple[PaymentSort, ...] = ("date", "price", "order", "status")
_STATES = "ARRAY['succeeded', 'refunded', 'partially_refunded', 'disputed']"


async def _fill(owner_url: str, rows: int) -> tuple[UUID, UUID]:
    """One customer with so many payments; the log is not what is measured, so its triggers rest meanwhile."""
    async with single_connection(owner_url):
        marketplace = (await a_marketplace(slug="big", name="Big", sandbox=False)).id
        customer: UUID = await fetch_value(
            "INSERT INTO customer (marketplace_id, number, email) VALUES ($1, 1, 'a@example.com') RETURNING id",
            marketplace,
        )
        product = await fetch_value(
            "INSERT INTO product (marketplace_id, name, kind, currency, amount_minor)"
            " VALUES ($1, 'Disc', 'one_off', 'USD', 1000) RETURNING id",
            marketplace,
        )
        order = await fetch_value(
            "INSERT INTO customer_order (marketplace_id, number, customer_id, product_id, amount_minor, currency,"
            " placed_at) VALUES ($1, 1, $2, $3, 1000, 'USD', now()) RETURNING id",
            marketplace,
            customer,
            product,
        )
        await execute("ALTER TABLE charge DISABLE TRIGGER USER")
        await execute(
            "INSERT INTO charge (marketplace_id, customer_id, order_id, order_number, initiator, amount_minor,"
            " currency, gateway, attempted_at, paid_at, state, moved_trigger, moved_by, moved_reason, moved_at,"
            " log_hash)"
            " SELECT $1, $2, $3, n, 'import', 100 + n::bigint * 7919 % 20000, 'USD', 'sandbox', at, at,"
            f" ({_STATES})[1 + n * 31 % 4], 'import', 'import:bench', 'bench', at, '\\x00'"
            " FROM generate_series(1, $4) AS n, LATERAL (SELECT now() - n * interval '1 minute' AS at) AS t",
            marketplace,
            customer,
            order,
            rows,
        )
        await execute("ALTER TABLE charge ENABLE TRIGGER USER")
        await execute("VACUUM ANALYZE charge")
    return marketplace, customer


async def _buffers(marketplace: UUID, customer: UUID, sort: PaymentSort, order: Direction, after: str | None) -> int:
    sql, arguments = page_statement(marketplace, customer, sort, order, PageRequest(after=after))
    row: Any = await fetch_row(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *arguments)
    root = json.loads(row[0])[0]["Plan"]
    return root["Shared Hit Blocks"] + root["Shared Read Blocks"]


async def _deep_cursor(marketplace: UUID, customer: UUID, sort: PaymentSort, rows: int) -> str:
    """A cursor behind nine tenths of the rows: the page there gives the one that leads on."""
    column = {"date": "paid_at", "price": "amount_minor", "order": "order_number", "status": "payment_status"}[sort]
    row: Any = await fetch_row(
        f"SELECT {column} AS value, id FROM charge WHERE marketplace_id = $1 AND customer_id = $2"
        f" ORDER BY {column} DESC, id DESC OFFSET $3 LIMIT 1",
        marketplace,
        customer,
        rows * 9 // 10,
    )
    return cursor(sort, (row["value"], row["id"]))


async def measure(rows: int) -> list[Figure]:
    """The figures; the database of the bench verb is migrated and filled."""
    owner_url = os.environ["OWNER_DATABASE_URL"]
    await migrate(owner_url)
    marketplace, customer = await _fill(owner_url, rows)
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=1)
    figures: list[Figure] = []
    try:
        for sort in _SORTS:
            deep = await _deep_cursor(marketplace, customer, sort, rows)
            await list_payments(marketplace, customer, sort, "desc", after=deep)  # the cursor is a real one
            first = await _buffers(marketplace, customer, sort, "desc", None)
            last = await _buffers(marketplace, customer, sort, "desc", deep)
            figures += [
                Figure(f"{sort}: first page", first, "buffers"),
                Figure(f"{sort}: at row {rows * 9 // 10:,}", last, "buffers"),
                Figure(f"{sort}: deep / first", last / first, "ratio", f"≤ {_LIMIT}"),
            ]
    finally:
        await close_pool()
    return figures


def main() -> None:
    """Prints the table; exits 1 when a deep page reads more than the first one."""
    figures = asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else _ROWS))
    report("payment_history", figures)
    if any(figure.limit and figure.value > _LIMIT for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
