"""wkhtmltopdf in its cage: pages become PDFs; a page that wants more than to be printed gets nothing."""

import asyncio
import io
import stat
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pdfkit
import pytest
from pypdf import PdfReader

from integrations.pdf import CagedWkhtmltopdf, renderer
from integrations.pdf.page_numbers import number_pages
from integrations.pdf.wkhtmltopdf import ProgramMissing
from tests.integrations.counting_server import a_counting_server
from tests.integrations.pdf_text import fonts_of, pages_of
from workflows.invoices.pdf_renderer import RenderFailed
from workflows.runtime.settings import settings

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def _cage() -> CagedWkhtmltopdf:
    return CagedWkhtmltopdf(settings().wkhtmltopdf)


def _page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>T</title>{head}</head><body>{body}</body></html>"


def _program(folder: Path, script: str) -> str:
    """A stand-in for wkhtmltopdf, to see from inside what the cage is like."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


async def test_a_page_becomes_a_pdf_with_numbered_pages_and_embedded_fonts() -> None:
    body = f"<img src='{PIXEL}'><p>Grüße, Łukasz, Жанна, €</p><div style='page-break-before:always'>second</div>"

    pdf = await renderer(settings()).render(_page(body))

    first, second = pages_of(pdf)
    assert "Grüße, Łukasz, Жанна, €" in first
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert fonts_of(pdf)
    assert all(fonts_of(pdf).values())


async def test_a_document_says_what_archives_want_to_know_of_it() -> None:
    page = (
        _page("x").replace("<title>T<", "<title>Invoice &lt;1&gt; &amp; Łukasz<").replace("<html>", '<html lang="de">')
    )

    pdf = PdfReader(io.BytesIO(await renderer(settings()).render(page)))

    xmp = pdf.xmp_metadata
    assert xmp is not None
    assert xmp.dc_title == {"x-default": "Invoice <1> & Łukasz"}
    assert (xmp.pdfaid_part, xmp.pdfaid_conformance) == ("2", "B")
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Invoice <1> & Łukasz"
    root: Any = pdf.root_object
    assert root["/Lang"] == "de"
    assert root["/OutputIntents"][0]["/DestOutputProfile"].get_data()[36:40] == b"acsp"  # an ICC profile
    assert "/ID" in pdf.trailer


async def test_four_pages_at_once_do_not_meet() -> None:
    cage = _cage()

    pdfs = await asyncio.gather(*(cage.render(_page(f"number {number}")) for number in range(4)))

    for number, pdf in enumerate(pdfs):
        assert f"number {number}" in pages_of(pdf)[0]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "<img src='http://127.0.0.1:{port}/x.png'>"),
        ("", "<iframe src='http://127.0.0.1:{port}/'></iframe>"),
        ("", "<object data='http://127.0.0.1:{port}/'></object>"),
        ("", "<embed src='http://127.0.0.1:{port}/'>"),
        ("", "<form action='http://127.0.0.1:{port}/'></form><video src='http://127.0.0.1:{port}/'></video>"),
        ("<link rel=stylesheet href='http://127.0.0.1:{port}/x.css'>", ""),
        ("<style>@import url(http://127.0.0.1:{port}/x.css);</style>", ""),
        ("<style>body {{ background: url(http://127.0.0.1:{port}/x.png) }}</style>", "x"),
        ("<meta http-equiv=refresh content='0;url=http://127.0.0.1:{port}/'>", ""),
        ("<script src='http://127.0.0.1:{port}/x.js'></script>", ""),
        ("<meta name='pdfkit-bypass-proxy-for' content='127.0.0.1'>", "<img src='http://127.0.0.1:{port}/x.png'>"),
        ("<meta name='pdfkit-proxy' content=''>", "<img src='http://localhost:{port}/x.png'>"),
    ],
)
async def test_no_page_reaches_the_network(head: str, body: str) -> None:
    async with a_counting_server() as visits:
        try:
            text = "".join(
                pages_of(await _cage().render(_page(body.format(port=visits.port), head.format(port=visits.port))))
            )
        except RenderFailed:
            text = ""

    assert visits.count == 0
    assert "REACHED" not in text


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "<iframe src='{file}'></iframe>"),
        ("", "<object data='{file}' type='text/html'></object>"),
        ("<meta name='pdfkit-allow' content='/'>", "<iframe src='{file}'></iframe>"),
        ("<meta name='pdfkit-enable-local-file-access' content=''>", "<iframe src='{file}'></iframe>"),
        ("<meta http-equiv=refresh content='0;url={file}'>", ""),
        ("<meta name='pdfkit-cover' content='{file}'>", "x"),
        ("<meta name='pdfkit-user-style-sheet' content='{file}'>", "x"),
        ("<style>@import url({file});</style>", ""),
    ],
)
async def test_no_page_reads_a_file(tmp_path: Path, head: str, body: str) -> None:
    file = _a_secret_file(tmp_path)
    try:
        text = "".join(pages_of(await _cage().render(_page(body.format(file=file), head.format(file=file)))))
    except RenderFailed:
        text = ""

    assert "SECRET" not in text


async def test_outside_of_the_cage_such_pages_do_reach_the_network_and_the_file(tmp_path: Path) -> None:
    head = "<meta name='pdfkit-allow' content='/'>"  # CVE-2025-26240
    options = {"quiet": "", "disable-local-file-access": ""}
    async with a_counting_server() as visits:
        frames = (
            f"<iframe src='http://127.0.0.1:{visits.port}/'></iframe><iframe src='{_a_secret_file(tmp_path)}'></iframe>"
        )
        pdf = await asyncio.to_thread(pdfkit.from_string, _page(frames, head), options=options)

    assert visits.count > 0
    assert isinstance(pdf, bytes)
    assert "SECRET" in "".join(pages_of(pdf))


def _a_secret_file(folder: Path) -> str:
    file = folder / "file.html"  # what is called otherwise, no frame shows
    file.write_text("<p>SECRET</p>")
    return file.as_uri()


async def test_no_page_runs_a_script() -> None:
    body = "<script>document.write('RAN')</script><img src=x: onerror='document.write(\"RAN\")'>stays"
    head = (
        "<meta name='pdfkit-enable-javascript' content=''><meta name='pdfkit-run-script' content='document.write(1)'>"
    )

    try:
        text = "".join(pages_of(await _cage().render(_page(body, head))))
    except RenderFailed:
        text = ""

    assert "RAN" not in text


async def test_the_cage_hands_down_no_secret_and_sets_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_KEY", "secret")
    seen = tmp_path / "seen"
    limits = 'for limit in c f t v; do echo "$limit=$(ulimit -$limit)"; done'
    script = f"env >{seen}; echo PWD=$(pwd) >>{seen}; {limits} >>{seen}; exit 1"

    with pytest.raises(RenderFailed):
        await CagedWkhtmltopdf(_program(tmp_path, script)).render(_page("x"))

    lines: dict[str, str] = {}
    for line in seen.read_text().splitlines():
        name, _, value = line.partition("=")
        lines[name] = value
    assert not {"SECRET_KEY", "DATABASE_URL", "STRIPE_KEY", "PUBLIC_URL"} & lines.keys()
    assert lines["HOME"] == lines["PWD"] == lines["TMPDIR"]
    assert lines["HOME"].startswith(f"{tempfile.gettempdir()}/gatehouse-pdf-")
    assert (lines["c"], lines["f"], lines["t"], lines["v"]) == ("0", "65536", "20", "4194304")
    assert lines["HOME"] not in _homes()


def _homes() -> set[str]:
    return {str(folder) for folder in Path(tempfile.gettempdir()).glob("gatehouse-pdf-*")}


async def test_a_renderer_that_never_ends_is_ended(tmp_path: Path) -> None:
    cage = CagedWkhtmltopdf(_program(tmp_path, "trap '' TERM; while :; do :; done"), timedelta(seconds=0.3))
    began = time.monotonic()

    with pytest.raises(RenderFailed, match="exit"):
        await cage.render(_page("x"))

    assert time.monotonic() - began < 10


async def test_a_renderer_that_fills_the_disk_is_ended(tmp_path: Path) -> None:
    cage = CagedWkhtmltopdf(_program(tmp_path, 'for pdf; do :; done; exec head -c 100000000 /dev/zero >"$pdf"'))

    with pytest.raises(RenderFailed):
        await cage.render(_page("x"))


@pytest.mark.parametrize("script", ["echo Done >&2; echo >&2; exit 1", "exit 0", "for pdf; do :; done; echo no >$pdf"])
async def test_whatever_is_not_a_pdf_is_a_failure(tmp_path: Path, script: str) -> None:
    with pytest.raises(RenderFailed):
        await CagedWkhtmltopdf(_program(tmp_path, script)).render(_page("x"))


def test_a_machine_without_the_program_is_told_so_at_once() -> None:
    with pytest.raises(ProgramMissing, match="apt-get install wkhtmltopdf"):
        CagedWkhtmltopdf("no-such-wkhtmltopdf")


@pytest.mark.parametrize("nonsense", [b"", b"%PDF-1.4 and then nothing", b"\x00" * 1000])
def test_page_numbers_go_on_pdfs_only(nonsense: bytes) -> None:
    with pytest.raises(RenderFailed):
        number_pages(nonsense, _page("x"))
