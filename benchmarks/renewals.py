"""20,000 due renewals, a gateway that takes 200 ms for each, 8 calls at a time in each of 1, 2 and 4 worker processes.

    ./gatehouse bench renewals [DUE] [PROCESSES ...]     ./gatehouse bench renewals due [DUE]

All is real but the gateway: API, dispatcher, workers, PostgreSQL, Valkey. A process can charge 8 / 0.2 s = 40 a second
at best; beside that ceiling stand what it reached and the processors it took. Receipts and invoices wait meanwhile in
queues of their own, whose workers are not started. All the time somebody asks for login links, as they did before,
when all was quiet. `due` measures only the query for what is due (renewals_due.py), which otherwise comes first.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from statistics import median
from typing import NamedTuple
from uuid import UUID

from benchmarks.renewals_cpu import ALL_OURS, Meter
from benchmarks.renewals_due import due_query
from benchmarks.renewals_gateway import ANSWERS_AFTER
from benchmarks.renewals_links import Visitor
from benchmarks.renewals_processes import Deployment, a_deployment
from benchmarks.renewals_rows import a_shop, charged, make_due, sell, tidy
from benchmarks.results import Figure, report
from models.database import close_pool, execute, fetch_value, open_pool
from workflows.outbox import stage

DUE = 20_000
TIMES = 20  # as many subscriptions as are due, for the query
PROCESSES = (1, 2, 4)
AT_ONCE = 8  # threads of a worker process, as in docker-compose.yml: each waits for one call
CEILING = AT_ONCE / ANSWERS_AFTER.total_seconds()  # charges a second and process

_WORK = ["dramatiq", "benchmarks.renewals_worker", "--processes", "1", "--threads", str(AT_ONCE), "--queues", "charges"]
_SLUG = "renewals"
_QUIET_LINKS = 40
_LINK_LIMIT = 2.0
_LOOKS_EVERY = 0.1  # seconds


class Run(NamedTuple):
    """One count of processes: charges a second, medians of links in ms, cores in use by whom."""

    processes: int
    speed: float
    quiet_link: float
    busy_link: float
    links: int
    cores: dict[str, float]


def main() -> None:
    """Measures, prints, records; exits with 1 when a figure misses its limit."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for every request
    words = sys.argv[1:]
    only_query = words[:1] == ["due"]
    numbers = [int(word) for word in words[only_query:]]
    due, processes = (numbers or [DUE])[0], numbers[1:] or PROCESSES
    query = asyncio.run(_query(due))
    report("renewals_due", query)
    figures = [] if only_query else asyncio.run(_measure(due, processes))
    if figures:
        report("renewals", figures)
    if any(not _kept(figure) for figure in [*query, *figures]):
        raise SystemExit(1)


def _kept(figure: Figure) -> bool:
    sign, _, limit = figure.limit.partition(" ")
    return not limit or (figure.value <= float(limit) if sign == "≤" else figure.value >= float(limit))


async def _query(due: int) -> list[Figure]:
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=1)
    try:
        return await due_query(due, TIMES)
    finally:
        await close_pool()


async def _measure(due: int, processes: Sequence[int]) -> list[Figure]:
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=3)
    try:
        shop = await a_shop(_SLUG)
        await sell(shop, due)
        numbers = count(1)  # of the customers who ask for a link
        async with a_deployment() as deployment:
            await deployment.start("api", "dispatcher", "links")
            runs = [await _run(deployment, shop, due, number, numbers) for number in processes]
    finally:
        await close_pool()
    return list(_figures(due, runs))


async def _run(deployment: Deployment, shop: UUID, due: int, processes: int, numbers: Iterator[int]) -> Run:
    workers = [f"charges-{number}" for number in range(processes)]
    for name in workers:
        await deployment.start_worker(name, _WORK)
    async with Visitor(deployment.url, _SLUG, numbers) as visitor:
        quiet = await visitor.ask_often(asyncio.Event(), at_most=_QUIET_LINKS)
        before = await charged(shop)
        assert await make_due(shop) == due
        await tidy()
        done = asyncio.Event()
        meter = await Meter.of(deployment, workers)
        began = time.monotonic()
        visits = asyncio.create_task(visitor.ask_often(done))
        await stage("billing.run", shop)
        await _all_charged(shop)
        seconds, cores = time.monotonic() - began, meter.cores()
        done.set()
        busy = await visits
    assert await charged(shop) - before == due, "each once"
    await deployment.end(*workers)
    await execute("DELETE FROM outbox WHERE queue IN ('emails', 'documents')")  # the next run begins with the same
    run = Run(processes, due / seconds, 1000 * median(quiet), 1000 * median(busy), len(busy), cores)
    print(run, flush=True)
    return run


async def _all_charged(shop: UUID) -> None:
    while await fetch_value(  # noqa: ASYNC110 - the workers are other processes
        "SELECT EXISTS (SELECT FROM outbox WHERE queue = 'charges' AND marketplace_id = $1)"
        " OR EXISTS (SELECT FROM subscription WHERE state = 'active' AND next_charge_at <= now())",
        shop,
    ):
        await asyncio.sleep(_LOOKS_EVERY)


def _figures(due: int, runs: Sequence[Run]) -> Iterator[Figure]:
    yield Figure("renewals due", due, "renewals")
    for run in runs:
        for figure in _figures_of(run, runs[0]):
            said = f"{run.processes} process{'es' if run.processes > 1 else ''}: {figure.name}"
            yield replace(figure, name=said)


def _figures_of(run: Run, first: Run) -> Iterator[Figure]:
    ceiling = CEILING * run.processes
    yield Figure("charges", run.speed, "1/s")
    yield Figure(f"charges / ceiling of {ceiling:.0f} a second", run.speed / ceiling, "ratio")
    if run is not first:
        yield Figure(f"charges / those by {first.processes}", run.speed / first.speed, "ratio")
    for who, cores in run.cores.items():
        yield Figure(who, cores, "cores")
    yield Figure("processor time of ours for one charge", 1000 * run.cores[ALL_OURS] / run.speed, "ms")
    yield Figure("login link, quiet", run.quiet_link, "ms, median")
    yield Figure("login link, meanwhile", run.busy_link, f"ms, median of {run.links}")
    yield Figure("login link, meanwhile / quiet", run.busy_link / run.quiet_link, "ratio", f"≤ {_LINK_LIMIT}")


if __name__ == "__main__":
    main()
