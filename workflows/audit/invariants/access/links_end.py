"""PRODUCT.md 1.4: links past their end are written down as expired; the sweep's grace is 15 minutes."""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.questions import past_end

LINKS_END = Invariant(
    name="links_end",
    says="No link is issued still, 15 minutes past its end.",
    about="access_token",
    breaches=past_end("access_token", "issued"),
)
