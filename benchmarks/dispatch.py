"""What the outbox costs: no-op jobs staged, dispatched, started and finished, beside bare Dramatiq messages.

Both go through the same worker process (8 threads) on the same Valkey; bare ones are sent by Dramatiq's own send and
touch no database. Rounds are interleaved. A bare message is lost with Valkey, may run twice, and is forgotten when its
worker is killed: the ratio is the price of none of that.

    ./gatehouse bench dispatch [ROUNDS] [JOBS]
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import dramatiq

from benchmarks.results import Figure, report
from models.database import close_pool, execute, fetch_value, open_pool
from tasks.broker import connect, make_broker

WORKER = ["benchmarks.dispatch_load.noop_jobs", "--threads", "8", "--queues", "bare", "emails"]


def main() -> None:
    """Measures, prints and records."""
    given = [int(word) for word in sys.argv[1:3]]
    rounds, jobs = [*given, *(5, 3_000)[len(given) :]]
    report("dispatch", asyncio.run(_measure(rounds, jobs)))


async def _measure(rounds: int, jobs: int) -> list[Figure]:
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=2)
    broker = make_broker(connect(os.environ["REDIS_URL"]), [])
    speeds: dict[str, list[float]] = {"bare": [], "outbox": [], "alone": []}
    async with _running(WORKER), _running(["tasks.dispatcher"]):
        await _outbox(1)  # both are up
        for number in range(rounds + 1):
            found = {
                "bare": await asyncio.to_thread(_bare, broker, jobs),
                "outbox": await _outbox(jobs),
                "alone": 1 / median([await _one_alone() for _ in range(20)]),
            }
            if number:  # the first round warms up
                for name, speed in found.items():
                    speeds[name].append(speed)
    await close_pool()
    ratio = median(ours / theirs for ours, theirs in zip(speeds["outbox"], speeds["bare"], strict=True))
    return [
        Figure("bare Dramatiq", median(speeds["bare"]), "jobs a second"),
        Figure("outbox", median(speeds["outbox"]), "jobs a second"),
        Figure("outbox / bare", ratio, "ratio"),
        Figure("a lone job, staged to finished", 1000 / median(speeds["alone"]), "ms, median"),
    ]


def _bare(broker: Any, jobs: int) -> float:
    """Sends, and waits until Valkey holds none."""
    broker.declare_queue("bare")
    began = time.perf_counter()
    for number in range(jobs):
        broker.enqueue(dramatiq.Message(queue_name="bare", actor_name="bare", args=(number,), kwargs={}, options={}))
    while broker.do_qsize("bare"):
        time.sleep(0.01)
    return jobs / (time.perf_counter() - began)


async def _outbox(jobs: int) -> float:
    """Stages all at once, and waits until no row is left."""
    began = time.perf_counter()
    await execute(
        "INSERT INTO outbox (queue, actor) SELECT 'emails', 'email.deliver' FROM generate_series(1, $1)", jobs
    )
    await _none_left(0.01)
    return jobs / (time.perf_counter() - began)


async def _one_alone() -> float:
    """Seconds from staging one job on an idle system to its end."""
    began = time.perf_counter()
    await execute("INSERT INTO outbox (queue, actor) VALUES ('emails', 'email.deliver')")
    await _none_left(0.002)
    return time.perf_counter() - began


async def _none_left(look_every: float) -> None:
    while await fetch_value("SELECT EXISTS (SELECT FROM outbox WHERE queue = 'emails')"):  # noqa: ASYNC110 - processes
        await asyncio.sleep(look_every)


@asynccontextmanager
async def _running(words: list[str]) -> AsyncGenerator[None]:
    command = [sys.executable, "-m", *words]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - once
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    main()
