"""PDFs behind `PdfRenderer`: wkhtmltopdf in a cage (docs/decisions/0004)."""

from integrations.pdf.wkhtmltopdf import CagedWkhtmltopdf
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.runtime.settings import Settings

__all__ = ["CagedWkhtmltopdf", "renderer"]


def renderer(settings: Settings) -> PdfRenderer:
    """The renderer that the deployment has. Raises ProgramMissing when wkhtmltopdf is not installed."""
    return CagedWkhtmltopdf(settings.wkhtmltopdf)
