"""PRODUCT.md 1.7: sessions past their end are written down as expired; the sweep's grace is 15 minutes."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.questions import past_end

SESSIONS_END = Invariant(
    name="sessions_end",
    says="No session is active still, 15 minutes past its end.",
    about="portal_session",
    breaches=past_end("portal_session", "active"),
)
