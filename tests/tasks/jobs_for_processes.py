"""A worker whose jobs belong to the tests, under the real names: `python -m tests.tasks.jobs_for_processes`.

JOURNAL names a file. Each job writes a line "<event> <job> <outbox id>" to it; a line written is there, whatever kills
the process next. `email.deliver` waits for the file GATE, then has its effect: a captured_email.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from models.database import execute, transaction
from tasks.command import work as take_messages
from tasks.job import Job
from tasks.process import compose
from workflows.engine.job_names import ACTORS
from workflows.engine.outbox import current_job, finish_current

_JOURNAL = os.open(os.environ["JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_GATE = Path(os.environ.get("GATE", "/nonexistent"))
_RENDERING = 0.01  # seconds: a document takes a moment


def note(event: str, job: str) -> None:
    running = current_job.get()
    assert running is not None
    os.write(_JOURNAL, f"{event} {job} {running.id}\n".encode())


async def work(name: str) -> None:
    if name == "document.render":
        await asyncio.sleep(_RENDERING)
    if name == "email.deliver":
        await act_behind_the_gate()
    note("done", name)


async def act_behind_the_gate() -> None:
    note("begun", "email.deliver")
    while not _GATE.exists():  # noqa: ASYNC110, ASYNC240 - another process opens it
        await asyncio.sleep(0.01)
    async with transaction():
        await execute(
            "INSERT INTO captured_email (id, sender, recipient, subject, html, plain, template)"
            " VALUES ($1, 's', 'r', '', '', '', 't')",
            uuid4(),
        )
        await finish_current()


def function_of(name: str) -> Callable[..., Awaitable[None]]:
    async def perform(**_: object) -> None:
        await work(name)

    return perform


broker = compose([Job(name, function_of(name), timedelta(seconds=3), 5, timedelta(seconds=1)) for name in ACTORS])

if __name__ == "__main__":
    sys.exit(take_messages(broker))
