"""Work for later, staged in the transaction of the change that causes it. Names and ids only: never a secret.

The other end is here too: a workflow that runs as a job finishes it in the transaction of its effect. Who claims,
starts and retries jobs is tasks/'s business.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import execute, fetch_value
from workflows.engine.job_names import ACTORS
from workflows.runtime.errors import WorkflowError
from workflows.runtime.request import request_id


class LeaseLost(WorkflowError):
    """Raised when the job under way no longer holds its row: its lease ran out and another run may be doing the work.

    Let it pass: the transaction rolls back, and with it whatever this run would have done a second time.
    """

    code = "lease_lost"


@dataclass(slots=True)
class RunningJob:
    """The outbox row that this task of the event loop works on, and the lease under which it does."""

    id: int
    lease: UUID
    finished: bool = False


# Set by tasks/run.py around each job; each job runs in a context of its own.
current_job: ContextVar[RunningJob | None] = ContextVar("current_job", default=None)


async def stage(actor: str, marketplace_id: UUID | None, due_at: datetime | None = None, **ids: Any) -> int:
    """Stages `actor` with `ids` as its arguments, to run from `due_at` (real time; now when None).

    Answers with the job's id. Raises KeyError for an actor that workflows/engine/job_names.py does not name.
    """
    arguments = {"marketplace_id": marketplace_id, **ids} if marketplace_id is not None else ids
    return await fetch_value(
        "INSERT INTO outbox (marketplace_id, queue, actor, args, wanted_at, due_at, request_id)"
        " SELECT $1, $2, $3, $4, due, due, $6 FROM coalesce($5, clock_timestamp()) AS due RETURNING id",
        marketplace_id,
        ACTORS[actor],
        actor,
        arguments,
        due_at,
        request_id.get(),
    )


async def unstage(job: int) -> None:
    """Takes back a job that became needless, unless it is already on its way: a worker bears that."""
    await execute("DELETE FROM outbox WHERE id = $1 AND status = 'waiting'", job)


async def stage_unless_pending(actor: str, marketplace_id: UUID, id: UUID) -> bool:
    """Stages `actor` for one entity, unless it is staged and not dead; answers whether it did. For sweeps.

    Two callers at once may both stage it: the work itself must bear that.
    """
    staged = await execute(
        "INSERT INTO outbox (marketplace_id, queue, actor, args, request_id) SELECT $1, $2, $3, $4, $5"
        " WHERE NOT EXISTS (SELECT FROM outbox WHERE queue = $2 AND actor = $3 AND args @> $4 AND status <> 'dead')",
        marketplace_id,
        ACTORS[actor],
        actor,
        {"marketplace_id": marketplace_id, "id": id},
        request_id.get(),
    )
    return staged > 0


async def finish_current() -> None:
    """Ends the job under way, in the transaction of its effect: both happen, or neither. Nothing outside of a job.

    Call it last: from here on the row is locked, and a zombie's transaction waits for ours, then fails.
    Raises LeaseLost.
    """
    job = current_job.get()
    if job is None:
        return
    if not await execute("DELETE FROM outbox WHERE id = $1 AND lease = $2 AND status = 'running'", job.id, job.lease):
        raise LeaseLost(f"job {job.id} belongs to another run")
    job.finished = True
