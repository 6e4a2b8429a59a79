"""A worker process: its broker, its actors, its event loop with the database's pool, its heartbeat.

tasks/worker.py puts the real jobs in; tests put in jobs of their own.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import dramatiq
import dramatiq.worker
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.broker import Broker
from dramatiq.middleware import AsyncIO, Middleware, MiddlewareError

from models.database import close_pool, open_pool
from models.roles import refuse_powerful_role
from tasks import heartbeat
from tasks.broker import OutboxBroker, connect, declare, make_broker
from tasks.job import Job
from workflows.runtime import logs
from workflows.runtime.faults import sentence_for
from workflows.runtime.settings import settings

log = logs.logger(__name__)

_IDLE_POLL = timedelta(milliseconds=100)  # Dramatiq's own second leaves a lone message 262 ms
_TRY_AGAIN_AFTER = timedelta(milliseconds=500)  # when Valkey went away; Dramatiq's own are 3 and 5 s
_CLOSE_WITHIN = timedelta(seconds=5)  # for the connections of jobs that went on in spite of being cut off
_SPARE_CONNECTIONS = 2  # of the pool, besides one for each job at once: the heartbeat never waits for a job


class BootFailed(MiddlewareError):
    """Raised when a worker cannot start: no database, or a role that it must not have. Its command ends with 1."""


class WorkerProcess(Middleware):
    """Opens the pool on the event loop before the first message, and closes it after the last."""

    def __init__(self) -> None:
        self._beating: asyncio.Task[None] | None = None

    def before_worker_boot(self, broker: Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002 - Dramatiq's signature
        """Runs after AsyncIO's hook of the same name, before any thread of the worker. Raises BootFailed.

        Prefetching stays Dramatiq's own (twice the threads): 50 took as much CPU a job, and would hold back from idle
        workers what a busy one cannot begin.
        """
        worker.worker_timeout = int(_IDLE_POLL.total_seconds() * 1000)
        dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = _TRY_AGAIN_AFTER.total_seconds()
        dramatiq.worker.POST_PROCESS_MESSAGE_RETRY_DELAY_SECS = _TRY_AGAIN_AFTER.total_seconds()
        try:
            _on_loop(self._open(worker.worker_threads + _SPARE_CONNECTIONS))
        except Exception as error:
            if sentence := sentence_for(error):
                log.error("worker cannot start", because=sentence)  # noqa: TRY400 - the sentence says it all
            else:
                log.exception("worker cannot start")
            _end_loop()  # its thread would keep the process alive
            raise BootFailed(str(error)) from error

    def after_worker_boot(self, broker: Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Says that messages are being taken."""
        log.info("worker ready", queues=sorted(worker.consumers))

    def after_worker_shutdown(self, broker: Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Runs before AsyncIO's hook of the same name."""
        _on_loop(self._close())
        log.info("worker ended")

    async def _open(self, connections: int) -> None:
        await open_pool(settings().database_url, min_size=1, max_size=connections)
        await refuse_powerful_role()
        await heartbeat.beat("worker")
        self._beating = asyncio.create_task(_beat_forever())

    async def _close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
        try:
            async with asyncio.timeout(_CLOSE_WITHIN.total_seconds()):
                await close_pool()
        except TimeoutError:  # the pool's connections are cut off then
            log.warning("a job did not give its connection back")


def compose(jobs: Sequence[Job]) -> OutboxBroker:
    """Makes this process a worker for these jobs: its broker and the actors on it."""
    logs.configure(settings().environment)
    broker = make_broker(connect(settings().redis_url), [AsyncIO(), WorkerProcess()])
    for job in jobs:
        declare(job, broker)
    dramatiq.set_broker(broker)
    return broker


async def _beat_forever() -> None:
    while True:
        await asyncio.sleep(heartbeat.EVERY.total_seconds())
        try:
            await heartbeat.beat("worker")
        except Exception as error:  # noqa: BLE001 - the database may be restarting; /health/ready notices
            log.warning("heartbeat failed", error=str(error))


def _on_loop(work: Coroutine[Any, Any, None]) -> None:
    thread = get_event_loop_thread()
    assert thread is not None, "AsyncIO stands before WorkerProcess"
    thread.run_coroutine(work)


def _end_loop() -> None:
    thread = get_event_loop_thread()
    if thread is not None:
        thread.stop()
