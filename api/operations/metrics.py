"""What Prometheus reads at /metrics: requests as this process answered them, and the work that waits for all.

Everything read from the database comes from partial indexes, so that a scrape costs the same at any size.
"""

from typing import get_args

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest

from models.database import fetch, fetch_row
from workflows.audit.invariants import INVARIANTS
from workflows.audit.invariants.listed import last_full_check, open_breaches
from workflows.audit.proof.findings import findings_by_kind
from workflows.audit.proof.status import last_sealing
from workflows.billing.reconciliation.differences import Kind
from workflows.operations.health import health

REQUESTS = Histogram("gatehouse_request_seconds", "Time to answer a request.", ("route", "method", "status"))
WAITING = Gauge("gatehouse_waiting_jobs", "Jobs due and not started; counting stops at 10001.", ("queue",))
OLDEST = Gauge("gatehouse_oldest_waiting_job_seconds", "How long the first of them waits.", ("queue",))
DEAD = Gauge("gatehouse_dead_jobs", "Jobs given up, for a person to look at.", ("queue",))
HEARTBEAT = Gauge("gatehouse_heartbeat_age_seconds", "Since the latest sign of life of a kind of process.", ("kind",))
READY = Gauge("gatehouse_ready", "1 when /health/ready answers 200.")
DIFFERENCES = Gauge("gatehouse_book_differences", "Payments that a gateway's books tell differently.", ("kind",))
BREACHES = Gauge("gatehouse_fact_breaches", "What was found to break a fact that must always hold.", ("fact",))
CHECKED = Gauge("gatehouse_facts_checked_timestamp_seconds", "When all facts were last checked in full; 0: never.")
OPEN = Gauge("gatehouse_open", "Rows in a state that must not last.", ("machine", "state"))

SEALED = Gauge("gatehouse_log_sealed_timestamp_seconds", "When the sealer last got through; 0: never.")
FINDINGS = Gauge("gatehouse_audit_findings", "Published checkpoints that are not what the database has.", ("kind",))

CONTENT_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")  # Litestar adds it; no scraper reads it twice
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(route: str, method: str, status: int, seconds: float) -> None:
    """Counts one answered request. `route` is its template: the number of series stays bounded."""
    REQUESTS.labels(route, method if method in _METHODS else "other", str(status)).observe(seconds)


async def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    await _read_health()
    await _read_open_states()
    await _read_differences()
    await _read_facts()
    await _read_proof()
    return generate_latest()


async def _read_health() -> None:
    found = await health()
    READY.set(found.ready)
    for name, queue in found.queues.items():
        WAITING.labels(name).set(queue.waiting)
        OLDEST.labels(name).set(queue.oldest_wait_seconds)
        DEAD.labels(name).set(queue.dead)
    for kind, age in found.last_heartbeat_seconds.items():
        HEARTBEAT.labels(kind).set(age)


async def _read_open_states() -> None:
    row = await fetch_row(
        "SELECT (SELECT count(*) FROM dunning_case WHERE state = 'open') AS dunning_case_open,"
        " (SELECT count(*) FROM charge WHERE state = 'pending') AS charge_pending,"
        " (SELECT count(*) FROM access_token WHERE state = 'issued') AS access_token_issued,"
        " (SELECT count(*) FROM portal_session WHERE state = 'active') AS portal_session_active"
    )
    for name, rows in (row or {}).items():
        machine, _, state = name.rpartition("_")
        OPEN.labels(machine, state).set(rows)


async def _read_differences() -> None:
    rows = await fetch("SELECT kind, count(*) AS count FROM reconciliation_difference GROUP BY kind")
    found = {row["kind"]: row["count"] for row in rows}
    for kind in get_args(Kind):
        DIFFERENCES.labels(kind).set(found.get(kind, 0))


async def _read_proof() -> None:
    SEALED.set((await last_sealing()) or 0)
    for kind, found in (await findings_by_kind()).items():
        FINDINGS.labels(kind).set(found)


async def _read_facts() -> None:
    found = await open_breaches()
    for fact in INVARIANTS:
        BREACHES.labels(fact.name).set(found.get(fact.name, 0))
    checked = await last_full_check()
    CHECKED.set(checked.timestamp() if checked else 0)
