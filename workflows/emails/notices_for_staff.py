"""Telling the staff what they chose to hear of: a failed charge, a self cancellation, a job that was given up.

An e-mail is staged in the transaction of its cause, once for each who wants it (workflows/marketplaces/staff.py), and
never floods: of one kind a person gets five an hour, then one that says that there are more and where they are, then
none until the next hour (docs/decisions/0015). A charge is told of when its case begins, not at each attempt: those are
in the report.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.database import Record, fetch, fetch_value
from workflows.customers.addresses import addressee
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import CLOCK, Actor
from workflows.languages.decline_reasons import reason_for_customer
from workflows.marketplaces.staff import StaffNotice, who_wants
from workflows.runtime.clock import now

ALONE_PER_HOUR = 5  # of one kind, to one person; more are no news but a state of things
_USEFUL_FOR = timedelta(days=1)  # what is older than that is read in the console
_AT_ONCE = 500  # dead jobs a minute

# fmt: off
_TEMPLATES: Mapping[StaffNotice, str] = {
    "failed_charge":     "staff_failed_charge",
    "self_cancellation": "staff_self_cancellation",
    "failed_job":        "staff_failed_job",
    "broken_fact":       "staff_broken_fact",
}
# fmt: on
_DIED = """
UPDATE outbox SET told_at = clock_timestamp() WHERE id IN (
    SELECT id FROM outbox WHERE status = 'dead' AND told_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id, marketplace_id, actor, args, attempts, last_error, told_at
"""


async def notify_of_failed_charge(subscription: Any, charge: Any, decline_code: str | None, by: Actor) -> None:
    """In the transaction that opens the charge's case."""
    marketplace_id: UUID = subscription["marketplace_id"]
    if wanting := await who_wants(marketplace_id, "failed_charge"):
        told = await addressee(marketplace_id, subscription["id"])
        context = {
            "product": told["product"],
            "subscription_number": told["subscription_number"],
            "amount_minor": charge["amount_minor"],
            "currency": charge["currency"],
            "failed_at": charge["attempted_at"].isoformat(),
            "reason": reason_for_customer(decline_code),
        }
        await _notify(marketplace_id, wanting, "failed_charge", f"charge:{charge['id']}", context, by)


async def notify_of_self_cancellation(subscription: Any, by: Actor) -> None:
    """In the transaction in which the customer cancelled; `subscription` is as it is now."""
    marketplace_id: UUID = subscription["marketplace_id"]
    if wanting := await who_wants(marketplace_id, "self_cancellation"):
        told = await addressee(marketplace_id, subscription["id"])
        context = {
            "product": told["product"],
            "subscription_number": told["subscription_number"],
            "amount_minor": subscription["amount_minor"],
            "currency": subscription["currency"],
            "ended_at": subscription["ended_at"].isoformat(),
        }
        cause = f"subscription:{subscription['id']}:{subscription['log_seq']}"
        await _notify(marketplace_id, wanting, "self_cancellation", cause, context, by)


async def notify_of_dead_jobs() -> int:
    """Tells of the jobs that died since the last time, each once for each death; answers how many there were.

    In the caller's transaction. A job of the whole deployment is nobody's in particular: the operator sees it
    (`./gatehouse jobs`, metrics). One that was to deliver such a notice is not told of by another.
    """
    died = await fetch(_DIED, _AT_ONCE)
    for job in sorted(died, key=lambda row: row["id"]):
        if job["marketplace_id"] is None or await _is_our_own(job):
            continue
        context = {
            "job": job["actor"],
            "job_number": job["id"],
            "attempts": job["attempts"],
            "error": job["last_error"],
        }
        cause = f"job:{job['id']}:{job['told_at'].isoformat()}"
        wanting = await who_wants(job["marketplace_id"], "failed_job")
        await _notify(job["marketplace_id"], wanting, "failed_job", cause, context, CLOCK)
    return len(died)


async def notify_of_violation(marketplace_id: UUID, says: str, tells: str, breach_id: UUID, breaches: int) -> None:
    """In the transaction that opens the first of `breaches` breaches, which `tells` what is wrong."""
    if wanting := await who_wants(marketplace_id, "broken_fact"):
        context = {"says": says, "tells": tells, "breaches": breaches}
        await _notify(marketplace_id, wanting, "broken_fact", f"fact_breach:{breach_id}", context, CLOCK)


async def notify_of_failed_document(
    marketplace_id: UUID, document: Record, number: str, attempts: int, error: str, by: Actor
) -> None:
    """In the transaction that gave an invoice's PDF up: to those who want to hear of failed jobs, for it is one."""
    if wanting := await who_wants(marketplace_id, "failed_job"):
        context = {"invoice_number": number, "attempts": attempts, "error": error}
        cause = f"document:{document['id']}:{document['log_seq']}"
        await _notify(marketplace_id, wanting, "failed_job", cause, context, by, "staff_failed_document")


async def _notify(
    marketplace_id: UUID,
    wanting: list[Record],
    notice: StaffNotice,
    cause: str,
    context: Mapping[str, Any],
    by: Actor,
    template: str | None = None,
) -> None:
    template = template or _TEMPLATES[notice]
    hour = await fetch_value("SELECT date_trunc('hour', now(), 'UTC')")
    more = f"{notice}:{hour.isoformat()}"
    for member in wanting:
        alone, summed = await _notified_since(marketplace_id, member["id"], template, hour, more)
        if summed:
            continue
        one_by_one = alone < ALONE_PER_HOUR
        await stage_email(
            marketplace_id,
            template=template if one_by_one else "staff_more",
            recipient=member["email"],
            cause=cause if one_by_one else more,
            staff_id=member["id"],
            context=context if one_by_one else {"notice": notice, "told": ALONE_PER_HOUR, "since_at": hour.isoformat()},
            useful_until=now() + _USEFUL_FOR,
            by=by,
        )


async def _notified_since(
    marketplace_id: UUID, staff_id: UUID, template: str, hour: Any, more: str
) -> tuple[int, bool]:
    """How many of these a person got in this hour, and whether they know that there are more."""
    rows = await fetch(
        "SELECT count(*) FILTER (WHERE template = $3) AS alone, coalesce(bool_or(cause = $5), false) AS summed"
        " FROM outgoing_email WHERE marketplace_id = $1 AND staff_id = $2 AND created_at >= $4",
        marketplace_id,
        staff_id,
        template,
        hour,
        more,
    )
    return rows[0]["alone"], rows[0]["summed"]


async def _is_our_own(job: Record) -> bool:
    if job["actor"] not in ("email.deliver", "link.deliver"):
        return False
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM outgoing_email WHERE marketplace_id = $1 AND id = $2"
        " AND template IN ('staff_failed_job', 'staff_more'))",
        job["marketplace_id"],
        UUID(job["args"]["id"]),
    )
