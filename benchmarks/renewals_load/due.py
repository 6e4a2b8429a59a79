"""What the query for due renewals reads: all of them staged, batch after batch, once as the only subscriptions there
are and once among twenty times as many. Buffers, not seconds: they say what it costs on any machine.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmarks.renewals_load.rows import a_shop, make_due, pay_first, sell, tidy
from benchmarks.results import Figure
from models.database import execute, fetch_value, single_connection
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.run.due_work import run_billing
from workflows.billing.run.renewals import BATCH, staging_statement
from workflows.runtime.clock import now

# An index over twenty times as many rows may be a level deeper, and a row locked among others that rest costs a look at
# the map of pages at rest.
_LIMIT = 1.5

_IDLE_LIMIT = 200  # a few pages of a few indexes, however many subscriptions there are
_PLAN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "


class Read(NamedTuple):
    """What staging them all came to: buffers that finding them touched, that all of it touched, and rows looked at."""

    finding: int
    staging: int
    looked_at: int
    staged: int
    idle: int = 0  # buffers of a whole run of the clock's job just before, when nothing was due


async def due_query(due: int, times: int) -> list[Figure]:
    """The figures. The database must hold no subscriptions before, and holds none afterwards."""
    async with single_connection(os.environ["OWNER_DATABASE_URL"]):
        alone = await _measure(due, 1)
        among = await _measure(due, times)
    return [
        Figure(f"due query: buffers to find {due:,} due of {due:,}", alone.finding, "buffers"),
        Figure(f"due query: buffers to find {due:,} due of {due * times:,}", among.finding, "buffers"),
        Figure("due query: among many / alone", among.finding / alone.finding, "ratio", f"≤ {_LIMIT}"),
        Figure("due query: rows looked at / due, among many", among.looked_at / among.staged, "ratio", "≤ 1.01"),
        Figure("staging them: among many / alone, all buffers", among.staging / alone.staging, "ratio", f"≤ {_LIMIT}"),
        Figure(f"the clock's job, nothing due of {due * times:,}", among.idle, "buffers", f"≤ {_IDLE_LIMIT}"),
    ]


async def _measure(due: int, times: int) -> Read:
    shop = await a_shop(f"due-{times}")
    await sell(shop, due * times, logged=False)
    await pay_first(shop, every=times)
    await tidy()
    idle = await _buffers_of_idle_run()
    assert await make_due(shop, every=times) == due
    await tidy()
    read = (await _stage_all())._replace(idle=idle)
    assert read.staged == due
    await execute("TRUNCATE customer, outbox CASCADE")
    return read


async def _buffers_of_idle_run() -> int:
    """What the job of every minute touches of tables and indexes when it finds nothing to do."""
    before = await _touched()
    assert await run_billing(BillingClock(now())) == 0
    return await _touched() - before


async def _touched() -> int:
    await execute("SELECT pg_stat_force_next_flush()")
    touched: int = await fetch_value(
        "SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::bigint"
        " FROM pg_statio_user_tables"
    )
    return touched


async def _stage_all() -> Read:
    """As workflows/billing/run/renewals.py does it, each batch committed, explained."""
    sums = [0, 0, 0, 0]
    while True:
        sql, arguments = staging_statement(BillingClock(now()))
        plan = json.loads(await fetch_value(_PLAN + sql, *arguments))[0]["Plan"]
        found = next(node for node in _nodes(plan) if node.get("Subplan Name") == "CTE due")
        scans = [node for node in _nodes(found) if "Relation Name" in node]
        looked_at = sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in scans)
        batch = (_buffers(found), _buffers(plan), looked_at, plan["Actual Rows"])
        sums = [total + one for total, one in zip(sums, batch, strict=True)]
        if plan["Actual Rows"] < BATCH:
            return Read(*map(int, sums))


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _buffers(node: Mapping[str, Any]) -> int:
    return node["Shared Hit Blocks"] + node["Shared Read Blocks"]
