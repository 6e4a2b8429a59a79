"""What documents ask of a PDF engine. integrations/pdf/ has the implementations."""

from typing import Protocol

from workflows.runtime.errors import WorkflowError


class RenderFailed(WorkflowError):
    """Raised when HTML did not become a PDF: a resource it may not have, a time-out, a crash."""

    code = "render_failed"


class PdfRenderer(Protocol):
    """Makes a PDF of a self-contained HTML page."""

    async def render(self, html: str) -> bytes:
        """The PDF's bytes, pages numbered. Raises RenderFailed."""
        ...
