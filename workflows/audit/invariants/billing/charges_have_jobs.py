"""Nothing lost (docs/decisions/0003): who waits to be charged is.

Submitted charges are asked about by a sweep of their own.
"""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.questions import without_job

CHARGES_HAVE_JOBS = Invariant(
    name="charges_have_jobs",
    says="A charge that waits to be submitted has its job.",
    about="charge",
    breaches=without_job("charge", "state = 'pending' AND submitted_at IS NULL", "charge.submit", "charge.settle"),
)
