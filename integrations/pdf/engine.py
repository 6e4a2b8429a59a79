"""Which engine makes the PDFs: DOCUMENT_ENGINE, and what the machine has.

`auto` takes wkhtmltopdf where it is installed, else WeasyPrint. Where neither can start, every page raises
EngineMissing, and each page tries again: an engine that is installed later is found without a restart.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from threading import Lock

from integrations.pdf.weasyprint import SandboxedWeasyPrint
from integrations.pdf.wkhtmltopdf import SandboxedWkhtmltopdf
from workflows.invoices.pdf_renderer import EngineMissing, PdfRenderer
from workflows.runtime.settings import Settings

INSTALL = (
    "Install WeasyPrint's libraries (Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0"
    " libharfbuzz-subset0 fonts-dejavu-core; Fedora: dnf install pango dejavu-sans-fonts; Alpine: apk add pango"
    " ttf-dejavu), or wkhtmltopdf where the system has it."
)


class ChosenEngine:
    """The engine that the settings name. It is started by the first use, not by making this object."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._engine: PdfRenderer | None = None

    @property
    def name(self) -> str:
        """Returns the engine and its version, started for it. Raises EngineMissing."""
        return self._started().name

    async def render(self, html: str) -> bytes:
        """Returns the PDF's bytes, pages numbered. Raises RenderFailed, EngineMissing."""
        engine = await asyncio.to_thread(self._started)
        return await engine.render(html)

    def _started(self) -> PdfRenderer:
        with self._lock:
            if self._engine is None:
                self._engine = start_engine(self._settings)
            return self._engine


def chosen_engine(settings: Settings) -> str:
    """Returns the name of the engine that this machine would start first, without starting it."""
    if settings.document_engine != "auto":
        return settings.document_engine
    return "weasyprint" if shutil.which(settings.wkhtmltopdf) is None else "wkhtmltopdf"


def start_engine(settings: Settings) -> PdfRenderer:
    """Returns the first engine that starts. Raises EngineMissing, which says why none does and what to install."""
    makers: Mapping[str, Callable[[], PdfRenderer]] = {
        "wkhtmltopdf": lambda: SandboxedWkhtmltopdf(settings.wkhtmltopdf),
        "weasyprint": lambda: SandboxedWeasyPrint(settings.document_libraries, settings.document_fonts),
    }
    wanted = list(makers) if settings.document_engine == "auto" else [settings.document_engine]
    problems: list[str] = []
    for name in wanted:
        try:
            return makers[name]()
        except EngineMissing as missing:
            problems.append(str(missing))
    raise EngineMissing(f"No PDF engine can start ({'; '.join(problems)}). {INSTALL}")
