"""Nothing lost (docs/decisions/0003): an e-mail that was staged is sent."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.questions import without_job

EMAILS_HAVE_JOBS = Invariant(
    name="emails_have_jobs",
    says="An e-mail that waits to be sent has its job.",
    about="outgoing_email",
    breaches=without_job("outgoing_email", "state = 'queued'", "email.deliver", "link.deliver"),
)
