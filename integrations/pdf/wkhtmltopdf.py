"""HTML to PDF by pdfkit and wkhtmltopdf, hardened: the page can run nothing, read nothing and reach nobody.

Why each lock is there: docs/decisions/0004 (CVE-2025-26240). Any reference that the page makes to anything
but a data: URI makes the render fail.
"""

import asyncio
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pdfkit

from integrations.pdf.page_numbers import number_pages
from workflows.invoices.pdf_renderer import EngineMissing, RenderFailed

_CONFINED = str(Path(__file__).parent / "confined.sh")

_TIME_LIMIT = timedelta(seconds=20)  # a page takes 0.1 s; what takes this long never ends
_LIMITS = {
    "PDF_CPU_SECONDS": "20",
    "PDF_KILOBYTES": "4194304",  # address space: 1.4 GB are reserved at once, 70 MB of it used
    "PDF_BLOCKS": "65536",  # 32 MB
}
_OPTIONS: Mapping[str, str] = {
    "encoding": "utf-8",
    "page-size": "A4",
    "margin-top": "18mm",
    "margin-right": "18mm",
    "margin-bottom": "22mm",  # room for the page numbers
    "margin-left": "18mm",
    "disable-javascript": "",
    "javascript-delay": "0",  # else it waits 200 ms for scripts that may not run
    "disable-local-file-access": "",
    "disable-plugins": "",
    "proxy": "http://127.0.0.1:9",  # nobody listens there (discard); flags alone stop no fetch
    "proxy-hostname-lookup": "",  # no DNS query either
    "load-error-handling": "abort",
    "load-media-error-handling": "abort",
    "quiet": "",
}


class _StrictPdfKit(pdfkit.PDFKit):
    """pdfkit forgives a non-zero exit whose output says "Done"; here every one is a failure."""

    @staticmethod
    def handle_error(exit_code: int, stderr: str) -> None:
        if exit_code != 0:
            raise OSError(f"exit {exit_code}: {_last_line(stderr)}")


class SandboxedWkhtmltopdf:
    """Renders self-contained pages on A4. `program` is wkhtmltopdf's name or path. Raises EngineMissing."""

    def __init__(self, program: str, time_limit: timedelta = _TIME_LIMIT) -> None:
        self._seconds = f"{time_limit.total_seconds():.2f}"
        found = shutil.which(program)
        if found is None:
            raise EngineMissing(f"{program} is not installed")
        self._program = str(Path(found).absolute())  # the sandbox begins in a folder of its own

    @property
    def name(self) -> str:
        """Returns the engine and its version, for health and `gatehouse check`."""
        said = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=False)
        return said.stdout.strip() or "wkhtmltopdf"

    async def render(self, html: str) -> bytes:
        """The PDF's bytes, pages numbered. Blocks a thread, not the event loop. Raises RenderFailed."""
        return await asyncio.to_thread(self._render, html)

    def _render(self, html: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="gatehouse-pdf-") as home:
            pdf = Path(home) / "page.pdf"
            try:
                _StrictPdfKit(html, "string", options=dict(_OPTIONS), configuration=self._configuration(home)).to_pdf(
                    str(pdf)
                )
            except OSError as error:
                raise RenderFailed(str(error)) from error
            return number_pages(pdf.read_bytes(), html)

    def _configuration(self, home: str) -> Any:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": home,
            "TMPDIR": home,
            "XDG_RUNTIME_DIR": home,
            "LANG": "C.UTF-8",
            "QT_QPA_PLATFORM": "offscreen",
            "WKHTMLTOPDF": self._program,
            "PDF_SECONDS": self._seconds,
            **_LIMITS,
        }
        # A <meta name="pdfkit-…"> in the page becomes a command-line option, --allow included. Nobody can guess this.
        prefix = f"never-{secrets.token_hex(16)}-"
        return pdfkit.configuration(wkhtmltopdf=_CONFINED, meta_tag_prefix=prefix, environ=environment)


def _last_line(stderr: str) -> str:
    return next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "no output")[:200]
