"""PDFs behind `PdfRenderer`: wkhtmltopdf or WeasyPrint, each in a sandbox (docs/decisions/0004, 0037)."""

from integrations.pdf.engine import ChosenEngine, chosen_engine, start_engine
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.runtime.settings import Settings

__all__ = ["chosen_engine", "renderer", "start_engine"]


def renderer(settings: Settings) -> PdfRenderer:
    """Returns the renderer of the deployment. The engine is started by the first page."""
    return ChosenEngine(settings)
