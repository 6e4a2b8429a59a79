"""One run of one job, from the message's arrival to the row's end (docs/decisions/0003).

Never raises what the job raised: the outcome is in the row, and Dramatiq has nothing to retry. If the database is
away, the row stays as it is and its lease, or the dispatcher's patience, runs out.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from models.database import transaction
from tasks import lease
from tasks.job import Job
from workflows.engine.outbox import LeaseLost, RunningJob, current_job, finish_current
from workflows.runtime.logs import logger, redact
from workflows.runtime.request import request_id

log = logger(__name__)

_at_work: set[asyncio.Task[None]] = set()  # of this process, each in the middle of a job

_LONGEST_ERROR = 500  # characters: enough to know the error, too few to fill a table


async def run_job(job: Job, outbox_id: int) -> None:
    """Starts the row if it is still to be done, does the work, ends the row. Harmless however often it is called."""
    started = await lease.start(outbox_id, job.lease, job.attempts)
    if started is None:
        log.info("job skipped", job=job.name, id=outbox_id)
        return
    request_id.set(started.request_id)
    if started.dead:
        log.error("job dead", job=job.name, id=outbox_id, attempts=started.attempt, error=lease.NEVER_ENDED)
        return
    running = RunningJob(outbox_id, started.lease)
    current_job.set(running)
    try:
        with _to_be_cut_off():
            await work(job, running, {name: UUID(value) for name, value in started.args.items()})
    except asyncio.CancelledError:
        if not _was_cut_off():
            raise
        await _release(job, running)
    except LeaseLost:
        log.warning("lease lost", job=job.name, id=outbox_id, attempt=started.attempt)
    except Exception as error:  # noqa: BLE001 - whatever a job raises is its row's next state
        await fail(job, running, started.attempt, error)


async def work(job: Job, running: RunningJob, ids: dict[str, UUID]) -> None:
    """Does a started job's work and ends its row. Raises LeaseLost, TimeoutError, whatever the job raises."""
    async with asyncio.timeout(job.time_limit.total_seconds()):
        if job.atomic:
            async with transaction():
                await job(**ids)
                if not running.finished:
                    await finish_current()
            return
        await job(**ids)
    if not running.finished and not await lease.finish(running.id, running.lease):
        raise LeaseLost(f"job {running.id} belongs to another run")


def cut_off() -> None:
    """Ends every run of this process now; each gives its row back. To be called on the event loop."""
    for task in _at_work:
        task.cancel()


@contextmanager
def _to_be_cut_off() -> Generator[None]:
    """The block in which `cut_off` reaches the present run."""
    task = asyncio.current_task()
    assert task is not None, "jobs run on the event loop"
    _at_work.add(task)
    try:
        yield
    finally:
        _at_work.discard(task)


def _was_cut_off() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _release(job: Job, running: RunningJob) -> None:
    """Another worker may do it at once. What the run did outside the database is in doubt, as after a crash."""
    given = await lease.release(running.id, running.lease)
    log.warning("job given back" if given else "lease lost", job=job.name, id=running.id)


async def fail(job: Job, running: RunningJob, attempt: int, error: Exception) -> None:
    """Puts the row of a failed run back, or gives it up after its last attempt."""
    text = describe(error)
    facts = {"job": job.name, "id": running.id, "attempt": attempt, "error": text}
    if attempt >= job.attempts:
        if await lease.mark_dead(running.id, running.lease, text):
            log.error("job dead", **facts, exc_info=error)
            return
    elif await lease.requeue(running.id, running.lease, pause := job.pause_after(attempt), text):
        log.warning("job failed", **facts, again_in=round(pause.total_seconds(), 1), exc_info=error)
        return
    log.warning("lease lost", **facts)


def describe(error: Exception) -> str:
    """The error's class and first line: a database's second line quotes the row, and secrets are hidden."""
    first_line = next(iter(str(error).splitlines()), "")
    return redact(f"{type(error).__qualname__}: {first_line}".removesuffix(": "))[:_LONGEST_ERROR]
