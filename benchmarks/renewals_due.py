"""What the query for due renewals reads: all of them staged, batch after batch, once as the only subscriptions there
are and once among twenty times as many. Buffers, not seconds: they say what it costs on any machine.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmarks.renewals_rows import a_shop, make_due, sell, tidy
from benchmarks.results import Figure
from models.database import execute, fetch_value, single_connection
from workflows.billing_clock import BillingClock
from workflows.clock import now
from workflows.renewals import BATCH, staging_statement

_LIMIT = 1.25  # an index over twenty times as many rows may be a level deeper

_PLAN = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "


class Read(NamedTuple):
    """What staging them all came to: buffers that finding them touched, that all of it touched, and rows looked at."""

    finding: int
    staging: int
    looked_at: int
    staged: int


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
    ]


async def _measure(due: int, times: int) -> Read:
    shop = await a_shop(f"due-{times}")
    await sell(shop, due * times, logged=False)
    assert await make_due(shop, every=times) == due
    await tidy()
    read = await _stage_all()
    assert read.staged == due
    await execute("TRUNCATE customer, outbox CASCADE")
    return read


async def _stage_all() -> Read:
    """As workflows/renewals.py does it, each batch committed, explained."""
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
