"""20,000 due renewals, a gateway that takes 200 ms for each, 8 calls at a time in each of 1, 2 and 4 worker processes.

    ./gatehouse bench renewals [DUE] [PROCESSES ...]     ./gatehouse bench renewals due [DUE]

All is real but the gateway: API, dispatcher, workers, PostgreSQL, Valkey. A process can charge 8 / 0.2 s = 40 a second
at best; beside that ceiling stand what it reached and the processors it took. Receipts and invoices wait meanwhile in
queues of their own, whose workers are not started. All the time somebody asks for login links, as they did before,
when all was quiet. `due` measures only the query for what is due (renewals_load/due.py), which otherwise comes first.
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

from benchmarks.renewals_load.cpu import ALL_OURS, OTHERS, Meter
from benchmarks.renewals_load.due import due_query
from benchmarks.renewals_load.gateway import ANSWERS_AFTER
from benchmarks.renewals_load.links import Visitor
from benchmarks.renewals_load.processes import Deployment, a_deployment
from benchmarks.renewals_load.rows import a_shop, charged, make_due, pay_first, sell, tidy
from benchmarks.results import Figure, report
from models.database import close_pool, execute, fetch_value, open_pool
from workflows.engine.outbox import stage

DUE = 20_000
TIMES = 20  # as many subscriptions as are due, for the query
PROCESSES = (1, 2, 4)
AT_ONCE = 8  # threads of a worker process, as in docker-compose.yml: each waits for one call
CEILING = AT_ONCE / ANSWERS_AFTER.total_seconds()  # charges a second and process

_WORK = ["benchmarks.renewals_load.worker", "--threads", str(AT_ONCE), "--queues", "charges"]
_SLUG = "renewals"
_QUIET_LINKS = 40
_LINK_LIMIT = 2.0
_LOOKS_EVERY = 0.1  # seconds
_SLICE = 5  # seconds
_ALONE = 0.25  # cores that others may use in a slice: on a machine that is shared, such slices are compared
_ENOUGH = 3  # slices for a median


class Slice(NamedTuple):
    """Some seconds of a run: charges a second, and processors in use by whom."""

    speed: float
    cores: dict[str, float]

    def is_alone(self) -> bool:
        """Whether the machine did little else."""
        return self.cores[OTHERS] < _ALONE


class Run(NamedTuple):
    """One count of processes: charges a second from the first to the last, its slices, seconds of links."""

    processes: int
    speed: float
    slices: list[Slice]
    quiet: list[float]
    busy: list[float]

    def undisturbed(self) -> list[Slice]:
        """Those while the machine did little else; all, where it never let us alone."""
        alone = [slice_ for slice_ in self.slices if slice_.is_alone()]
        return alone if len(alone) >= _ENOUGH else self.slices


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
        await pay_first(shop)
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
        slices = await _until_all_charged(shop, meter)
        seconds = time.monotonic() - began
        done.set()
        busy = await visits
    assert await charged(shop) - before == due, "each once"
    await deployment.end(*workers)
    await execute("DELETE FROM outbox WHERE queue IN ('emails', 'documents')")  # the next run begins with the same
    print(f"{processes}: {due / seconds:.1f} a second, {[slice_.speed for slice_ in slices]}", flush=True)
    return Run(processes, due / seconds, slices, quiet, busy)


async def _until_all_charged(shop: UUID, meter: Meter) -> list[Slice]:
    slices: list[Slice] = []
    at, done = time.monotonic(), await _invoices(shop)
    while await _is_charging(shop):
        await asyncio.sleep(_LOOKS_EVERY)
        if (seconds := time.monotonic() - at) >= _SLICE:
            before, done, at = done, await _invoices(shop), time.monotonic()
            slices.append(Slice((done - before) / seconds, meter.cores()))
    return slices


async def _is_charging(shop: UUID) -> bool:
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM outbox WHERE queue = 'charges' AND marketplace_id = $1)"
        " OR EXISTS (SELECT FROM subscription WHERE state = 'active' AND next_charge_at <= now())",
        shop,
    )


async def _invoices(shop: UUID) -> int:
    """How many there are: each charge has one, and counting them takes no time."""
    sql = "SELECT max(last_number) FROM number_series WHERE marketplace_id = $1 AND series = 'invoice'"
    return await fetch_value(sql, shop) or 0


def _figures(due: int, runs: Sequence[Run]) -> Iterator[Figure]:
    yield Figure("renewals due", due, "renewals")
    for run in runs:
        for figure in _figures_of(run, runs[0]):
            said = f"{run.processes} process{'es' if run.processes > 1 else ''}: {figure.name}"
            yield replace(figure, name=said)


def _figures_of(run: Run, first: Run) -> Iterator[Figure]:
    ceiling, slices = CEILING * run.processes, run.undisturbed()
    speed = median(slice_.speed for slice_ in slices)
    yield Figure("charges, from first to last", run.speed, "1/s")
    yield Figure(
        f"slices of {_SLICE} s, of {len(run.slices)}, that others left alone", sum(map(Slice.is_alone, run.slices)), ""
    )
    yield Figure("charges", speed, f"1/s, median of {len(slices)} slices")
    yield Figure(f"charges / ceiling of {ceiling:.0f} a second", speed / ceiling, "ratio")
    if run is not first:
        before = median(slice_.speed for slice_ in first.undisturbed())
        yield Figure(f"charges / those by {first.processes}", speed / before, "ratio")
    cores = {who: median(slice_.cores[who] for slice_ in slices) for who in slices[0].cores}
    for who, used in cores.items():
        yield Figure(who, used, "cores")
    yield Figure("processor time of ours for one charge", 1000 * cores[ALL_OURS] / speed, "ms")
    quiet, busy = median(run.quiet), median(run.busy)
    yield Figure("login link, quiet", 1000 * quiet, f"ms, median of {len(run.quiet)}")
    yield Figure("login link, meanwhile", 1000 * busy, f"ms, median of {len(run.busy)}")
    yield Figure("login link, meanwhile / quiet", busy / quiet, "ratio", f"≤ {_LINK_LIMIT}")


if __name__ == "__main__":
    main()
