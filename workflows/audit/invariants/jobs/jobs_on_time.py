"""PRODUCT.md 6.6: no work in the background starts more than 15 minutes late. Work given up is a person's business."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.overdue import GRACE

JOBS_ON_TIME = Invariant(
    name="jobs_on_time",
    says="No work in the background is overdue by more than 15 minutes.",
    about="outbox",
    breaches=f"""
    SELECT marketplace_id, id::text AS entity, format('%s was to start at %s', actor, rfc3339(wanted_at)) AS tells
    FROM outbox WHERE status <> 'dead' AND wanted_at <= now() - {GRACE} AND due_at <= now() - {GRACE}
    UNION ALL
    SELECT marketplace_id, id::text, format('%s was sent, and nobody starts it since %s', actor, rfc3339(wanted_at))
    FROM outbox WHERE status = 'sent' AND wanted_at <= now() - {GRACE} AND due_at > now() - {GRACE}
    """,
)
