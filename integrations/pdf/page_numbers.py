"""Stamps "Page x of y" on a PDF: wkhtmltopdf without its patched Qt has no footers."""

import io
from functools import lru_cache
from pathlib import Path

import reportlab
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from integrations.pdf.archival import describe, language_of_page
from workflows.invoices.pdf_renderer import RenderFailed
from workflows.languages.sentences import say

_FONT = "Vera"  # comes with reportlab, and is embedded, as documents for archives must be
_SIZE = 8  # points
_FROM_BOTTOM = 34  # points: in the middle of the page's lower margin
_FROM_RIGHT = 51  # points: 18 mm, the page's margin
_GREY = (0.33, 0.33, 0.33)


def number_pages(pdf: bytes, page: str) -> bytes:
    """The same pages with their numbers, at the lower right, and what the document says of itself by its HTML `page`.

    Raises RenderFailed for what is no PDF.
    """
    try:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
        sizes = [(float(sheet.mediabox.width), float(sheet.mediabox.height)) for sheet in writer.pages]
        stamps = PdfReader(io.BytesIO(_stamps(sizes, language_of_page(page))))
        for sheet, stamp in zip(writer.pages, stamps.pages, strict=True):
            sheet.merge_page(stamp)
        describe(writer, page)
        numbered = io.BytesIO()
        writer.write(numbered)
    except (PyPdfError, ValueError) as error:
        raise RenderFailed(f"not a PDF: {error}") from error
    return numbered.getvalue()


def _stamps(sizes: list[tuple[float, float]], language: str) -> bytes:
    _register_font()
    stamped = io.BytesIO()
    canvas = Canvas(stamped, initialFontName=_FONT)  # pyright: ignore[reportArgumentType] - stubbed as a float
    for number, (width, height) in enumerate(sizes, 1):
        canvas.setPageSize((width, height))
        canvas.setFont(_FONT, _SIZE)
        canvas.setFillColorRGB(*_GREY)
        words = say("Page %(number)s of %(total)s", language, number=number, total=len(sizes))
        canvas.drawRightString(width - _FROM_RIGHT, _FROM_BOTTOM, words)
        canvas.showPage()
    canvas.save()
    return stamped.getvalue()


@lru_cache
def _register_font() -> None:
    path = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    pdfmetrics.registerFont(TTFont(_FONT, str(path)))
