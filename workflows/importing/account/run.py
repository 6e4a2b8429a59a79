"""An import from a gateway's account: beginning one, where it is, and ending it. Its steps are in steps.py.

One at a time in a marketplace. It lives in the database, so whoever comes next goes on where the last one was killed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from models.database import execute, fetch_all, fetch_one, fetch_value, transaction
from workflows.engine.actor import Actor
from workflows.engine.job_names import ACTORS
from workflows.engine.outbox import current_job, finish_current, stage, stage_unless_pending
from workflows.importing.account.source import LISTS
from workflows.importing.shapes import ImportUnderWay
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, WorkflowError

ACTOR = "import.step"
DONE = "done"
_HEAD = tuple(f"read {name}" for name in LISTS)
_TAIL = (
    "store products",
    "store customers",
    "store orders",
    "store subscriptions",
    "hand-over subscriptions",
    "store charges",
)

# Kind → read, new, unchanged, refused; of subscriptions also led_there: those that the gateway charges by itself.
Progress = dict[str, dict[str, int]]
Step = Mapping[str, Any]


class AccountRefused(WorkflowError):
    """Raised when a marketplace cannot import from that account at all; says why, and what to do."""

    code = "import_refused"


class StepTaken(WorkflowError):
    """Raised when somebody else did a step of the import meanwhile, or it was stopped: nothing of ours was kept."""

    code = "step_taken"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An import as it is now. `created_until`: what is made at the gateway later is for the next one."""

    id: UUID
    marketplace_id: UUID
    source: str
    dry_run: bool
    take_over: bool
    created_until: datetime
    step: str
    cursor: dict[str, Any] | None
    progress: Progress
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["done", "stopped"] | None

    @property
    def steps(self) -> tuple[str, ...]:
        """All that it goes through, `done` at the end."""
        return (*_HEAD, "try all", DONE) if self.dry_run else (*_HEAD, *_TAIL, DONE)

    @property
    def next_step(self) -> str:
        """The step after this one."""
        return self.steps[self.steps.index(self.step) + 1]


_COLUMNS = ", ".join(Run.__struct_fields__)


async def begin(
    marketplace: Marketplace,
    source: str,
    *,
    dry_run: bool,
    take_over: bool,
    by: Actor,
    in_background: bool,
    new_id: UUID | None = None,
) -> Run:
    """Begins an import, once under `new_id` where that is given. `take_over`: subscriptions that the gateway still
    charges are taken from it, and imported. Raises AccountRefused, ImportUnderWay.
    """
    if new_id is not None and (begun := await _find(marketplace.id, new_id)):
        return begun
    await _refuse_wrong_account(marketplace, source)
    try:
        async with transaction():
            run = await fetch_one(
                Run,
                "INSERT INTO import_run (marketplace_id, id, source, dry_run, take_over, started_by, created_until,"
                f" step) VALUES ($1, coalesce($2, uuidv7()), $3, $4, $5, $6, $7, $8) RETURNING {_COLUMNS}",
                *(marketplace.id, new_id, source, dry_run, take_over, str(by), now(), _HEAD[0]),
            )
            assert run is not None
            wanted = {"source": source, "dry_run": dry_run, "take_over": take_over}
            await record_change(marketplace.id, by, f"import:{run.id}", "began", after=wanted)
            if in_background:
                await stage(ACTOR, marketplace.id, id=run.id)
    except asyncpg.UniqueViolationError:
        raise ImportUnderWay(
            f"an import into {marketplace.slug} is under way or was broken off: let it go on, or stop it"
        ) from None
    return run


async def _refuse_wrong_account(marketplace: Marketplace, source: str) -> None:
    if marketplace.gateway != source:
        raise AccountRefused(
            f"{marketplace.slug} is paid through {marketplace.gateway}: choose {source} as its gateway first,"
            " or what is imported could not be charged"
        )
    others = await fetch_value(
        "SELECT count(*) FROM marketplace WHERE gateway = $1 AND id <> $2", source, marketplace.id
    )
    if others:
        raise AccountRefused(
            f"{others} more marketplaces of this deployment are paid through the same {source} account: an import would"
            f" bring their customers to {marketplace.slug} too"
        )


async def find_run(marketplace_id: UUID, run_id: UUID) -> Run:
    """An import of the marketplace. Raises NotFound."""
    run = await _find(marketplace_id, run_id)
    if run is None:
        raise NotFound("no such import")
    return run


async def _find(marketplace_id: UUID, run_id: UUID) -> Run | None:
    return await fetch_one(
        Run, f"SELECT {_COLUMNS} FROM import_run WHERE marketplace_id = $1 AND id = $2", marketplace_id, run_id
    )


async def list_runs(marketplace_id: UUID) -> list[Run]:
    """The marketplace's latest imports, the last one first; at most 50."""
    return await fetch_all(
        Run,
        f"SELECT {_COLUMNS} FROM import_run WHERE marketplace_id = $1 ORDER BY started_at DESC, id DESC LIMIT 50",
        marketplace_id,
    )


async def run_under_way(marketplace_id: UUID) -> Run | None:
    """The import that has not ended, whether or not anybody is at it."""
    return await fetch_one(
        Run, f"SELECT {_COLUMNS} FROM import_run WHERE marketplace_id = $1 AND ended_at IS NULL", marketplace_id
    )


async def go_on(run: Run) -> None:
    """Lets the background go on with an import; harmless when it is at it, or when the import has ended."""
    if run.ended_at is None:
        await stage_unless_pending(ACTOR, run.marketplace_id, run.id)


async def trouble_of(run: Run) -> str | None:
    """What kept the background from doing the next step; None where nothing did."""
    return await fetch_value(
        "SELECT last_error FROM outbox WHERE queue = $1 AND actor = $2 AND args @> $3 ORDER BY id DESC LIMIT 1",
        *(ACTORS[ACTOR], ACTOR, {"marketplace_id": run.marketplace_id, "id": run.id}),
    )


async def stop(marketplace_id: UUID, run_id: UUID, by: Actor) -> Run:
    """Ends an import where it is; what it stored stays, and another import adds the rest. Raises NotFound."""
    async with transaction():
        run = await find_run(marketplace_id, run_id)
        if run.ended_at is None:
            await record_change(marketplace_id, by, f"import:{run_id}", "stopped")
        await _end(marketplace_id, run_id, "stopped")
    return await find_run(marketplace_id, run_id)


def count(progress: Progress, kind: str, what: str) -> None:
    """Counts a row of a kind: read, new, unchanged, refused."""
    tally = progress.setdefault(kind, {})
    tally[what] = tally.get(what, 0) + 1


async def claim(run: Run) -> Progress:
    """Locks the import until the caller's transaction ends, and answers with its progress. Raises StepTaken."""
    progress: Progress | None = await fetch_value(
        "SELECT progress FROM import_run WHERE marketplace_id = $1 AND id = $2 AND ended_at IS NULL AND step = $3"
        " AND cursor IS NOT DISTINCT FROM $4::jsonb FOR UPDATE",
        *(run.marketplace_id, run.id, run.step, run.cursor),
    )
    if progress is None:
        raise StepTaken(f"import {run.id} is not at this step any more")
    return progress


async def advance(run: Run, progress: Progress, cursor: Step | None) -> None:
    """Writes down how far it is, in the transaction of what the step did: at `cursor` of the same step, or at the next
    step when None. A job that did it ends here and stages the next one. Raises outbox.LeaseLost."""
    step = run.step if cursor is not None else run.next_step
    await execute(
        "UPDATE import_run SET step = $3, cursor = $4, progress = $5 WHERE marketplace_id = $1 AND id = $2",
        *(run.marketplace_id, run.id, step, cursor, progress),
    )
    if step == DONE:
        await _end(run.marketplace_id, run.id, "done")
    if current_job.get() is not None:
        if step != DONE:
            await stage(ACTOR, run.marketplace_id, id=run.id)
        await finish_current()


async def _end(marketplace_id: UUID, run_id: UUID, outcome: str) -> None:
    await execute(
        "UPDATE import_run SET ended_at = clock_timestamp(), outcome = $3"
        " WHERE marketplace_id = $1 AND id = $2 AND ended_at IS NULL",
        *(marketplace_id, run_id, outcome),
    )
    await execute(
        "DELETE FROM import_row WHERE marketplace_id = $1 AND run_id = $2 AND refused_reason IS NULL",
        *(marketplace_id, run_id),
    )
