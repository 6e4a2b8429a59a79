"""Nothing lost (docs/decisions/0003): an event on its way to an endpoint gets there, or is given up."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.questions import without_job

DELIVERIES_HAVE_JOBS = Invariant(
    name="deliveries_have_jobs",
    says="An event on its way to an endpoint has its job.",
    about="webhook_delivery",
    breaches=without_job("webhook_delivery", "state <> 'delivered' AND state = 'pending'", "webhook.deliver"),
)
