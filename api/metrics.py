"""What Prometheus reads at /metrics: requests as this process answered them, and the work that waits for all.

Everything read from the database comes from partial indexes, so that a scrape costs the same at any size.
"""

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, Histogram, generate_latest

from models.database import fetch, fetch_row

REQUESTS = Histogram("gatehouse_request_seconds", "Time to answer a request.", ("route", "method", "status"))
JOBS = Gauge("gatehouse_jobs", "Jobs in the outbox.", ("queue", "status"))
OLDEST_JOB = Gauge("gatehouse_oldest_due_job_seconds", "How long the oldest due job of a queue has waited.", ("queue",))
OPEN = Gauge("gatehouse_open", "Rows in a state that must not last.", ("machine", "state"))

CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(route: str, method: str, status: int, seconds: float) -> None:
    """Counts one answered request. `route` is its template: the number of series stays bounded."""
    REQUESTS.labels(route, method if method in _METHODS else "other", str(status)).observe(seconds)


async def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    await _read_jobs()
    await _read_open_states()
    return generate_latest()


async def _read_jobs() -> None:
    JOBS.clear()
    OLDEST_JOB.clear()
    for row in await fetch(
        "SELECT queue, status, count(*) AS jobs, extract(epoch FROM clock_timestamp() - min(due_at))::float8 AS waited"
        " FROM outbox GROUP BY queue, status"
    ):
        JOBS.labels(row["queue"], row["status"]).set(row["jobs"])
        if row["status"] == "waiting":
            OLDEST_JOB.labels(row["queue"]).set(max(0.0, row["waited"]))


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
