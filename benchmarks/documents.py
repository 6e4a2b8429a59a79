"""Invoices as PDFs: how fast they are made and fetched, each beside its peer, in one run.

- Rendering as the worker does it, sandbox, page numbers and archive's metadata included, beside bare wkhtmltopdf with
  its default options on the same HTML; round by round in turns, so that a slow minute is slow for both.
- A stored invoice by the customer's route, beside the same handler (session, ownership) answering without the file.
- WeasyPrint through the same port, for the record: its rate, and both engines' pictures in docs/pictures.

    ./gatehouse bench documents [ROUNDS]
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.documents_load.download import downloads_a_second
from benchmarks.results import Figure, report
from integrations.pdf.weasyprint import SandboxedWeasyPrint
from integrations.pdf.wkhtmltopdf import SandboxedWkhtmltopdf
from tests.workflows.invoices.invoice_examples import an_invoice
from workflows.invoices.page import invoice_html
from workflows.invoices.snapshot import Line, Tax
from workflows.runtime.settings import settings

RENDERS, DOWNLOADS = 2.5, 0.8  # at least
_PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_A_ROUND = 5  # documents


def main() -> None:
    """Measures, prints and records; exits with 1 where a ratio falls short."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    html = _page()
    figures = [*_rendering(html, rounds), *uvloop.run(_downloading(rounds)), *_for_the_record(html)]
    report("documents", figures)
    ratios = {figure.name: figure.value for figure in figures if figure.limit}
    if ratios[_RENDERING] < RENDERS or ratios[_DOWNLOADING] < DOWNLOADS:
        raise SystemExit(1)


_RENDERING = "rendering / bare wkhtmltopdf"
_DOWNLOADING = "download / without the file"


def _page() -> str:
    gross, net = 11900, 10000
    units = {"unit_minor": gross, "total_minor": gross, "net_unit_minor": net, "net_minor": net}
    tax = Tax(basis_points=1900, reverse_charge=False, net_minor=net, tax_minor=gross - net)
    lines = [Line(description="Monthly box", quantity=1, **units)]
    return invoice_html(an_invoice(currency="EUR", lines=lines, total_minor=gross, tax=tax), None)


def _rendering(html: str, rounds: int) -> list[Figure]:
    """Documents a second, one after the other: the median of all rounds."""
    engine = SandboxedWkhtmltopdf(settings().wkhtmltopdf)

    def ours() -> None:
        asyncio.run(engine.render(html))

    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        page, pdf = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html)
        command = [settings().wkhtmltopdf, "--quiet", str(page), str(pdf)]

        def bare() -> None:
            subprocess.run(command, check=True, capture_output=True)

        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for act in (ours, bare):
            act()  # fonts are in the system's cache from here on
        for _ in range(rounds):
            times["ours"].append(_seconds(ours))
            times["bare"].append(_seconds(bare))
    rates = {name: _A_ROUND / median(taken) for name, taken in times.items()}
    return [
        Figure("rendering, sandboxed and numbered", rates["ours"], "documents/s"),
        Figure("bare wkhtmltopdf, default options", rates["bare"], "documents/s"),
        Figure(_RENDERING, rates["ours"] / rates["bare"], "", f"≥ {RENDERS}"),
    ]


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    for _ in range(_A_ROUND):
        act()
    return time.perf_counter() - began


async def _downloading(rounds: int) -> list[Figure]:
    with_file, without, size = await downloads_a_second(rounds)
    return [
        Figure("stored invoice, downloads", with_file, "requests/s"),
        Figure("the same without the file", without, "requests/s"),
        Figure("size of the invoice", size / 1024, "KiB"),
        Figure(_DOWNLOADING, with_file / without, "", f"≥ {DOWNLOADS}"),
    ]


def _for_the_record(html: str) -> list[Figure]:
    """WeasyPrint through the same port: its rate, and both engines' pictures."""
    engine = SandboxedWeasyPrint()

    async def five() -> bytes:
        for _ in range(_A_ROUND - 1):
            await engine.render(html)
        return await engine.render(html)

    other = asyncio.run(five())
    began = time.perf_counter()
    asyncio.run(five())
    taken = (time.perf_counter() - began) / _A_ROUND
    engine.close()
    _picture("invoice", asyncio.run(SandboxedWkhtmltopdf(settings().wkhtmltopdf).render(html)))
    _picture("invoice-weasyprint", other)
    return [Figure("WeasyPrint, sandboxed and numbered", 1 / taken, "documents/s")]


def _picture(name: str, pdf: bytes) -> None:
    """The first page as docs/pictures/NAME.png."""
    convert = ["pdftoppm", "-png", "-r", "72", "-singlefile", "-", str(_PICTURES / name)]
    subprocess.run(convert, input=pdf, check=True)


if __name__ == "__main__":
    main()
