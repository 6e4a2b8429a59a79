"""Whether the deployment does its work: facts for /health/ready and /metrics. Reads only.

Ready means more than "answers": a login link that waits for a minute is an outage, whichever process is to blame.
Dead jobs are a person's business, not a load balancer's: they are counted, and leave ready green.
"""

import asyncio
from datetime import timedelta

import msgspec

from models import schema
from models.database import fetch_one, fetch_pairs
from models.row import Row
from workflows.audit.proof.status import sealing_warnings
from workflows.engine.job_names import CHARGES, DOCUMENTS, EMAILS, LINKS, QUEUES, SWEEPS, WEBHOOKS
from workflows.invoices.documents import waiting_for_engine

# fmt: off
# from when a job should start until it does
LONGEST_WAIT: dict[str, timedelta] = {
    LINKS:     timedelta(seconds=60),   # somebody sits before an empty inbox
    CHARGES:   timedelta(minutes=5),
    EMAILS:    timedelta(minutes=5),
    DOCUMENTS: timedelta(minutes=15),
    WEBHOOKS:  timedelta(minutes=15),
    SWEEPS:    timedelta(minutes=15),
}
# fmt: on
STALE_AFTER = timedelta(seconds=30)  # six heartbeats missed
COUNTED = 10_001  # a backlog is counted up to here: the exact count of a million is nobody's question
_ANSWERS_WITHIN = timedelta(seconds=2)  # load balancers give up after a few seconds


class QueueHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One queue. `oldest_wait_seconds` is of the row that should have started first and has not; 0 when none waits."""

    waiting: int  # due and not started, at most COUNTED
    oldest_wait_seconds: float
    dead: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The facts, and `reasons` in words for each one that makes the deployment not ready."""

    ready: bool
    reasons: list[str]
    queues: dict[str, QueueHealth] = {}
    last_heartbeat_seconds: dict[str, float] = {}  # since the latest of each kind of process
    warnings: list[str] = []  # what a person should look at, and no load balancer


async def health() -> Health:
    """The state of things now. Never raises: a database that does not answer is a reason like any other."""
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN.total_seconds()):
            return await _examine()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return Health(ready=False, reasons=[f"database does not answer ({type(error).__name__})"])


async def _examine() -> Health:
    if pending := await schema.pending():
        return Health(ready=False, reasons=[f"database schema is behind: {len(pending)} migrations to run"])
    queues = await _queues()
    heartbeats = await _heartbeats()
    reasons = [*_missing(heartbeats), *_late(queues)]
    return Health(
        ready=not reasons,
        reasons=reasons,
        queues=queues,
        last_heartbeat_seconds=heartbeats,
        warnings=[*await sealing_warnings(), *await _document_warnings()],
    )


async def _document_warnings() -> list[str]:
    reason = await waiting_for_engine()
    return [] if reason is None else [f"documents wait: {reason}"]


def _missing(heartbeats: dict[str, float]) -> list[str]:
    return [
        f"no {kind} has been alive for {STALE_AFTER.total_seconds():.0f} s"
        for kind in ("dispatcher", "worker")
        if heartbeats.get(kind, float("inf")) > STALE_AFTER.total_seconds()
    ]


def _late(queues: dict[str, QueueHealth]) -> list[str]:
    return [
        f"{name}: oldest job waits for {queue.oldest_wait_seconds:.0f} s"
        for name, queue in queues.items()
        if queue.oldest_wait_seconds > LONGEST_WAIT[name].total_seconds()
    ]


class _QueueEnds(Row, frozen=True):
    waiting: int
    oldest: float  # seconds
    dead: int


async def _heartbeats() -> dict[str, float]:
    ages = await fetch_pairs(
        "SELECT kind, extract(epoch FROM clock_timestamp() - max(at))::float8 AS age FROM heartbeat GROUP BY kind"
    )
    return {kind: max(age, 0.0) for kind, age in ages.items()}


async def _queues() -> dict[str, QueueHealth]:
    return {name: await _queue(name) for name in QUEUES}


async def _queue(name: str) -> QueueHealth:
    """Reads the ends of two indexes, however long the queue: due rows that wait, and the few that were sent.

    A sent row's due_at is the dispatcher's next look at it; since when it waits is in wanted_at.
    """
    row = await fetch_one(
        _QueueEnds,
        "WITH due AS MATERIALIZED (SELECT least(due_at, wanted_at) AS since FROM outbox"
        "   WHERE queue = $1 AND status = 'waiting' AND due_at <= now() ORDER BY due_at LIMIT $2),"
        " sent AS MATERIALIZED (SELECT wanted_at AS since FROM outbox WHERE queue = $1 AND status = 'sent' LIMIT $2),"
        " unstarted AS (TABLE due UNION ALL TABLE sent)"
        " SELECT least(count(*), $2) AS waiting,"
        "   coalesce(extract(epoch FROM now() - min(since)), 0)::float8 AS oldest,"
        "   (SELECT count(*) FROM outbox WHERE queue = $1 AND status = 'dead') AS dead FROM unstarted",
        name,
        COUNTED,
    )
    assert row is not None, "an aggregate answers with one row"
    return QueueHealth(waiting=row.waiting, oldest_wait_seconds=max(row.oldest, 0.0), dead=row.dead)
