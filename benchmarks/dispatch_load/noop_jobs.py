"""The worker of benchmarks/dispatch.py: every job does nothing, and so does `bare`, an actor that no outbox knows."""

import sys
from datetime import timedelta

import dramatiq

from tasks.command import work
from tasks.job import Job
from tasks.process import compose
from workflows.engine.job_names import ACTORS


async def nothing(**_: object) -> None:
    """What every job does."""


broker = compose([Job(name, nothing, timedelta(minutes=1), 3, timedelta(seconds=1)) for name in ACTORS])


@dramatiq.actor(actor_name="bare", queue_name="bare", broker=broker)
async def bare(number: int) -> None:
    """Takes a message as jobs do, without a row."""


if __name__ == "__main__":
    sys.exit(work(broker))
