"""What happens by the clock happens: the dispatcher has not stood still for more than 15 minutes."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.overdue import GRACE

SCHEDULE_ON_TIME = Invariant(
    name="schedule_on_time",
    says="No entry of the schedule is overdue by more than 15 minutes.",
    about="schedule",
    breaches=f"""
    SELECT NULL::uuid AS marketplace_id, name AS entity, format('it was due at %s', rfc3339(next_run_at)) AS tells
    FROM schedule WHERE next_run_at <= now() - {GRACE}
    """,
)
