"""What documents ask of a PDF engine. integrations/pdf/ has the implementations."""

from typing import Protocol

from workflows.runtime.errors import WorkflowError


class RenderFailed(WorkflowError):
    """Raised when HTML did not become a PDF: a resource it may not have, a time-out, a crash."""

    code = "render_failed"


class EngineMissing(WorkflowError):
    """Raised when no PDF engine can start on this machine. The message says why, and what to install."""

    code = "engine_missing"


class PdfRenderer(Protocol):
    """Makes a PDF of a self-contained HTML page."""

    @property
    def name(self) -> str:
        """Returns the engine and its version. Raises EngineMissing."""
        ...

    async def render(self, html: str) -> bytes:
        """Returns the PDF's bytes, pages numbered. Raises RenderFailed, EngineMissing."""
        ...
