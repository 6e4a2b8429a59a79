"""Nothing lost (docs/decisions/0003): a PDF that was asked for is rendered."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.questions import without_job

DOCUMENTS_HAVE_JOBS = Invariant(
    name="documents_have_jobs",
    says="A PDF that was asked for has its job.",
    about="document",
    breaches=without_job("document", "state = 'requested'", "document.render"),
)
