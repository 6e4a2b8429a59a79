"""What a job is: the function behind an actor's name, and how patient we are with it.

>>> @job("email.deliver", lease=timedelta(minutes=2), attempts=8)
... async def deliver(marketplace_id: UUID, id: UUID) -> None: ...

The function takes the ids of its outbox row as keywords. tasks/run.py runs it, tasks/catalogue.py lists them all.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from workflows.engine.job_names import ACTORS, QUEUES

JobFunction = Callable[..., Awaitable[None]]

LONGEST_PAUSE = timedelta(hours=1)  # so that a vendor's bad night is over within an hour of its end


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work. `lease` is how long a run may take; then it counts as crashed and another one begins.

    `attempts` counts runs begun, crashed ones too; after the last the row is dead. `atomic` jobs touch nothing but
    the database: they run in one transaction with their own ending, so that each takes effect exactly once.
    """

    name: str
    function: JobFunction
    lease: timedelta
    attempts: int
    first_pause: timedelta
    atomic: bool = False

    @property
    def queue(self) -> str:
        """The class of service that carries it."""
        return ACTORS[self.name]

    @property
    def priority(self) -> int:
        """Its place in one worker's own line (lower goes first): what waits inside a process is ordered by class."""
        return QUEUES.index(self.queue)

    @property
    def time_limit(self) -> timedelta:
        """When a run is cut off: early enough before the lease ends to put the row back itself."""
        return self.lease * 0.8

    def pause_after(self, attempt: int) -> timedelta:
        """How long to wait after the given failed attempt: twice as long each time, with jitter, at most an hour."""
        longest = min(self.first_pause * 2 ** min(attempt - 1, 30), LONGEST_PAUSE)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing

    async def __call__(self, **ids: UUID) -> None:
        """Does the work."""
        await self.function(**ids)


def job(
    name: str,
    *,
    lease: timedelta,
    attempts: int,
    first_pause: timedelta = timedelta(seconds=2),
    atomic: bool = False,
) -> Callable[[JobFunction], Job]:
    """Makes an async function the job of that name; `first_pause` is the back-off after the first failure.

    Raises KeyError for a name that workflows/engine/job_names.py does not have.
    """
    ACTORS[name]

    def define(function: JobFunction) -> Job:
        return Job(name, function, lease, attempts, first_pause, atomic)

    return define
