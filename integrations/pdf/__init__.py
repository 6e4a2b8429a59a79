"""PDFs behind `workflows.ports.PdfRenderer`: wkhtmltopdf in a cage (docs/decisions/0004)."""

from integrations.pdf.wkhtmltopdf import CagedWkhtmltopdf
from workflows.ports import PdfRenderer
from workflows.settings import Settings

__all__ = ["CagedWkhtmltopdf", "renderer"]


def renderer(settings: Settings) -> PdfRenderer:
    """The renderer that the deployment has. Raises ProgramMissing when wkhtmltopdf is not installed."""
    return CagedWkhtmltopdf(settings.wkhtmltopdf)
