"""Both PDF engines in their sandboxes: pages become PDFs, and a page that asks for more than that gets nothing."""

import asyncio
import io
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pdfkit
import pytest
from pypdf import PdfReader

from integrations.pdf import renderer
from integrations.pdf.engine import start_engine
from integrations.pdf.page_numbers import number_pages
from integrations.pdf.weasyprint import SandboxedWeasyPrint
from integrations.pdf.wkhtmltopdf import SandboxedWkhtmltopdf
from tests.integrations.counting_server import a_counting_server
from tests.integrations.pdf_text import fonts_of, pages_of
from workflows.invoices.pdf_renderer import EngineMissing, PdfRenderer, RenderFailed
from workflows.runtime.settings import settings

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@pytest.fixture(scope="module")
def weasyprint() -> Iterator[SandboxedWeasyPrint]:
    engine = SandboxedWeasyPrint()
    yield engine
    engine.close()


@pytest.fixture(params=["wkhtmltopdf", "weasyprint"])
def engine(request: pytest.FixtureRequest, weasyprint: SandboxedWeasyPrint) -> PdfRenderer:
    return weasyprint if request.param == "weasyprint" else SandboxedWkhtmltopdf(settings().wkhtmltopdf)


def _page(body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>T</title>{head}</head><body>{body}</body></html>"


def _program(folder: Path, script: str) -> str:
    """A stand-in for wkhtmltopdf, to see from inside what the sandbox is like."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


async def test_a_page_becomes_a_pdf_with_numbered_pages_and_embedded_fonts(engine: PdfRenderer) -> None:
    body = f"<img src='{PIXEL}'><p>Grüße, Łukasz, Жанна, €</p><div style='page-break-before:always'>second</div>"

    pdf = await engine.render(_page(body))

    first, second = pages_of(pdf)
    assert "Grüße, Łukasz, Жанна, €" in first
    assert "Page 1 of 2" in first
    assert "Page 2 of 2" in second
    assert fonts_of(pdf)
    assert all(fonts_of(pdf).values())


async def test_a_document_says_what_archives_want_to_know_of_it(engine: PdfRenderer) -> None:
    page = (
        _page("x").replace("<title>T<", "<title>Invoice &lt;1&gt; &amp; Łukasz<").replace("<html>", '<html lang="de">')
    )

    pdf = PdfReader(io.BytesIO(await engine.render(page)))

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


async def test_four_pages_at_once_do_not_meet(engine: PdfRenderer) -> None:

    pdfs = await asyncio.gather(*(engine.render(_page(f"number {number}")) for number in range(4)))

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
async def test_no_page_reaches_the_network(engine: PdfRenderer, head: str, body: str) -> None:
    async with a_counting_server() as visits:
        try:
            text = "".join(
                pages_of(await engine.render(_page(body.format(port=visits.port), head.format(port=visits.port))))
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
async def test_no_page_reads_a_file(engine: PdfRenderer, tmp_path: Path, head: str, body: str) -> None:
    file = _a_secret_file(tmp_path)
    try:
        text = "".join(pages_of(await engine.render(_page(body.format(file=file), head.format(file=file)))))
    except RenderFailed:
        text = ""

    assert "SECRET" not in text


async def test_outside_of_the_sandbox_such_pages_do_reach_the_network_and_the_file(tmp_path: Path) -> None:
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


async def test_weasyprint_outside_of_its_sandbox_does_reach_the_network() -> None:
    # In a process of its own: importing WeasyPrint makes Pillow forgive damaged pictures.
    code = "import sys, weasyprint; weasyprint.HTML(string=sys.argv[1]).write_pdf()"
    async with a_counting_server() as visits:
        page = _page(f"<img src='http://127.0.0.1:{visits.port}/x.png'>")
        ran = await asyncio.create_subprocess_exec(sys.executable, "-c", code, page)
        await ran.wait()

    assert visits.count > 0


def _a_secret_file(folder: Path) -> str:
    file = folder / "file.html"  # what is called otherwise, no frame shows
    file.write_text("<p>SECRET</p>")
    return file.as_uri()


async def test_no_page_runs_a_script(engine: PdfRenderer) -> None:
    body = "<script>document.write('RAN')</script><img src=x: onerror='document.write(\"RAN\")'>stays"
    head = (
        "<meta name='pdfkit-enable-javascript' content=''><meta name='pdfkit-run-script' content='document.write(1)'>"
    )

    try:
        text = "".join(pages_of(await engine.render(_page(body, head))))
    except RenderFailed:
        text = ""

    assert "RAN" not in text


async def test_the_sandbox_hands_down_no_secret_and_sets_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_KEY", "secret")
    seen = tmp_path / "seen"
    limits = 'for limit in c f t v; do echo "$limit=$(ulimit -$limit)"; done'
    script = f"env >{seen}; echo PWD=$(pwd) >>{seen}; {limits} >>{seen}; exit 1"

    with pytest.raises(RenderFailed):
        await SandboxedWkhtmltopdf(_program(tmp_path, script)).render(_page("x"))

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
    sandbox = SandboxedWkhtmltopdf(_program(tmp_path, "trap '' TERM; while :; do :; done"), timedelta(seconds=0.3))
    began = time.monotonic()

    with pytest.raises(RenderFailed, match="exit"):
        await sandbox.render(_page("x"))

    assert time.monotonic() - began < 10


async def test_a_renderer_that_fills_the_disk_is_ended(tmp_path: Path) -> None:
    sandbox = SandboxedWkhtmltopdf(_program(tmp_path, 'for pdf; do :; done; exec head -c 100000000 /dev/zero >"$pdf"'))

    with pytest.raises(RenderFailed):
        await sandbox.render(_page("x"))


@pytest.mark.parametrize("script", ["echo Done >&2; echo >&2; exit 1", "exit 0", "for pdf; do :; done; echo no >$pdf"])
async def test_whatever_is_not_a_pdf_is_a_failure(tmp_path: Path, script: str) -> None:
    with pytest.raises(RenderFailed):
        await SandboxedWkhtmltopdf(_program(tmp_path, script)).render(_page("x"))


def test_a_machine_without_the_program_says_so_at_once() -> None:
    with pytest.raises(EngineMissing, match="no-such-wkhtmltopdf is not installed"):
        SandboxedWkhtmltopdf("no-such-wkhtmltopdf")


# The programs in whose place these stand answer lines (integrations/pdf/weasyprint_worker.py).
async def test_the_weasyprint_process_gets_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_KEY", "secret")
    seen = tmp_path / "seen"

    with pytest.raises(EngineMissing):
        SandboxedWeasyPrint(program=_program(tmp_path, f"env >{seen}; echo PWD=$(pwd) >>{seen}"))

    lines: dict[str, str] = {}
    for line in seen.read_text().splitlines():
        name, _, value = line.partition("=")
        lines[name] = value
    assert not {"SECRET_KEY", "DATABASE_URL", "STRIPE_KEY", "PUBLIC_URL"} & lines.keys()
    assert lines["HOME"] == lines["PWD"] == lines["TMPDIR"]
    assert lines["HOME"] not in _homes()


async def test_the_weasyprint_process_has_limits(weasyprint: SandboxedWeasyPrint) -> None:
    await weasyprint.render(_page("x"))
    assert weasyprint.pid is not None
    limits = _limits_of(weasyprint.pid)

    assert (limits["core file size"], limits["file size"], limits["address space"]) == ("0", "33554432", "2147483648")
    assert limits["cpu time"] != "unlimited"


def _limits_of(pid: int) -> dict[str, str]:
    """The soft limits of a process, by name."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[4:26].strip(): line[26:47].strip() for line in lines}


def test_no_code_in_the_weasyprint_process_opens_a_socket_or_starts_a_program() -> None:
    code = (
        "import socket, subprocess, sys\n"
        "from integrations.pdf.weasyprint_worker import _refuse\n"
        "sys.addaudithook(_refuse)\n"
        "for act in (lambda: socket.create_connection(('127.0.0.1', 9)), lambda: subprocess.run(['true'])):\n"
        "    try:\n"
        "        act()\n"
        "    except PermissionError as refused:\n"
        "        print(refused)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.count("is refused") == 2


async def test_a_weasyprint_process_that_never_answers_is_ended_and_replaced(tmp_path: Path) -> None:
    script = f"echo ready 1; test -e {tmp_path}/second || {{ touch {tmp_path}/second; exec sleep 60; }}; exit 3"
    engine = SandboxedWeasyPrint(program=_program(tmp_path, script), time_limit=timedelta(seconds=0.3))

    with pytest.raises(RenderFailed, match="took longer than"):
        await engine.render(_page("x"))
    with pytest.raises(RenderFailed, match="ended"):
        await engine.render(_page("x"))
    assert engine.pid is None


async def test_after_a_crash_the_next_pages_are_rendered_by_another_process(weasyprint: SandboxedWeasyPrint) -> None:
    await weasyprint.render(_page("first"))
    assert weasyprint.pid is not None
    os.kill(weasyprint.pid, signal.SIGKILL)
    with suppress(RenderFailed):  # the page that meets the crash may fail
        await weasyprint.render(_page("second"))

    pdfs = await asyncio.gather(*(weasyprint.render(_page(f"number {number}")) for number in range(2)))

    assert ["number 0" in pages_of(pdfs[0])[0], "number 1" in pages_of(pdfs[1])[0]] == [True, True]


async def test_a_page_that_weasyprint_cannot_hold_fails_alone(weasyprint: SandboxedWeasyPrint) -> None:
    huge = "<table>" + "<tr><td>x</td></tr>" * 60_000 + "</table>"

    with pytest.raises(RenderFailed):
        await weasyprint.render(_page(huge))

    assert "after" in pages_of(await weasyprint.render(_page("after")))[0]


@pytest.mark.parametrize(
    ("document_engine", "wkhtmltopdf", "named"),
    [
        ("auto", "wkhtmltopdf", "wkhtmltopdf"),
        ("auto", "no-such-program", "WeasyPrint"),
        ("weasyprint", "wkhtmltopdf", "WeasyPrint"),
        ("wkhtmltopdf", "wkhtmltopdf", "wkhtmltopdf"),
    ],
)
def test_the_setting_and_the_machine_choose_the_engine(document_engine: str, wkhtmltopdf: str, named: str) -> None:
    chosen = settings().model_copy(update={"document_engine": document_engine, "wkhtmltopdf": wkhtmltopdf})

    assert renderer(chosen).name.startswith(named)


def test_where_no_engine_starts_the_reason_and_the_packages_are_named(tmp_path: Path) -> None:
    (tmp_path / "libpango-1.0.so.0").write_text("no library")
    nothing = {"wkhtmltopdf": "no-such-program", "document_libraries": str(tmp_path)}

    said = r"no-such-program is not installed; WeasyPrint cannot start.*libpango-1\.0-0"
    with pytest.raises(EngineMissing, match=said):
        start_engine(settings().model_copy(update=nothing))


@pytest.mark.parametrize("nonsense", [b"", b"%PDF-1.4 and then nothing", b"\x00" * 1000])
def test_page_numbers_go_on_pdfs_only(nonsense: bytes) -> None:
    with pytest.raises(RenderFailed):
        number_pages(nonsense, _page("x"))
