"""HTML to PDF by WeasyPrint, in a warm process of its own (weasyprint_worker.py), one page at a time.

The rules of docs/decisions/0004 hold here too: an environment without the worker's secrets, a temporary HOME, limits
of time, processor, memory and output, and a failure for any reference to anything but a `data:` URI.
"""

import asyncio
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock

from integrations.pdf.archival import described, language_of_page
from workflows.invoices.pdf_renderer import EngineMissing, RenderFailed
from workflows.languages.sentences import say

TIME_LIMIT = timedelta(seconds=20)  # a page takes 0.2 s; what takes this long never ends
START_LIMIT = timedelta(seconds=60)  # the first import on a busy machine
PAGES_EACH = 500  # by one process: memory that a library loses is given back with it
_WORKER = str(Path(__file__).with_name("weasyprint_worker.py"))
# The page of invoice.css: A4 at 5 px to a millimetre, and the numbers where wkhtmltopdf's are stamped.
_PAGE = """
@page {
  size: 1050px 1485px; margin: 90px 90px 110px 90px;
  @bottom-right { content: %(content)s; font: 14px "DejaVu Sans", sans-serif; color: #555; }
}
"""


class SandboxedWeasyPrint:
    """Renders self-contained pages on A4. `libraries` (colon-separated folders) and `fonts` (a fontconfig file) are
    where Pango and its fonts are, each empty for the system's. Raises EngineMissing where it cannot start."""

    def __init__(
        self, libraries: str = "", fonts: str = "", *, program: str = sys.executable, time_limit: timedelta = TIME_LIMIT
    ) -> None:
        self._libraries, self._fonts, self._program = libraries, fonts, program
        self._seconds = time_limit.total_seconds()
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._pages = 0
        self._version = ""
        with self._lock:
            self._start()

    @property
    def name(self) -> str:
        """Returns the engine and its version, for health and `gatehouse check`."""
        return f"WeasyPrint {self._version}"

    @property
    def pid(self) -> int | None:
        """Returns the process that renders, None where none runs."""
        return None if self._process is None else self._process.pid

    async def render(self, html: str) -> bytes:
        """Returns the PDF's bytes, pages numbered. Blocks a thread, not the event loop. Raises RenderFailed."""
        return await asyncio.to_thread(self._render, html)

    def close(self) -> None:
        """Ends the process. The next page starts another one."""
        with self._lock:
            self._stop()

    def _render(self, html: str) -> bytes:
        with self._lock:
            if self._process is None or self._process.poll() is not None or self._pages >= PAGES_EACH:
                self._start()
            assert self._home is not None, "_start made it"
            with tempfile.TemporaryDirectory(dir=self._home.name) as folder:
                pdf = self._made(Path(folder), html)
        return described(pdf, html)

    def _made(self, folder: Path, html: str) -> bytes:
        (folder / "page.html").write_text(html, encoding="utf-8")
        (folder / "page.css").write_text(_PAGE % {"content": _numbers(language_of_page(html))}, encoding="utf-8")
        self._pages += 1
        answer = self._ask(f"{folder}\n")
        if answer != "made":
            raise RenderFailed(answer.removeprefix("failed "))
        return (folder / "page.pdf").read_bytes()

    def _ask(self, line: str) -> str:
        assert self._process is not None, "_start made it"
        assert self._process.stdin is not None, "it has pipes"
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            return self._answer(self._seconds)
        except (TimeoutError, BrokenPipeError, EOFError) as error:
            status = self._stop()
            took = f"took longer than {self._seconds:.0f} s" if isinstance(error, TimeoutError) else f"ended ({status})"
            raise RenderFailed(f"WeasyPrint {took}") from error

    def _answer(self, seconds: float) -> str:
        """Raises TimeoutError, EOFError."""
        assert self._process is not None, "_start made it"
        assert self._process.stdout is not None, "it has pipes"
        give_up_at = time.monotonic() + seconds
        read = b""
        while not read.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, give_up_at - time.monotonic()))
            if not ready:
                raise TimeoutError
            more = os.read(self._process.stdout.fileno(), 4096)
            if not more:
                raise EOFError
            read += more
        return read.decode(errors="replace").strip()

    def _start(self) -> None:
        """Raises EngineMissing."""
        self._stop()
        self._home = tempfile.TemporaryDirectory(prefix="gatehouse-pdf-")
        self._pages = 0
        self._process = subprocess.Popen(
            [self._program, "-I", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._home.name,
            env=self._environment(self._home.name),
        )
        try:
            answer = self._answer(START_LIMIT.total_seconds())
        except (TimeoutError, EOFError):
            answer = "failed to start"
        if not answer.startswith("ready "):
            self._stop()
            raise EngineMissing(f"WeasyPrint cannot start: {answer.removeprefix('failed ')}")
        self._version = answer.removeprefix("ready ")

    def _environment(self, home: str) -> dict[str, str]:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": home,
            "TMPDIR": home,
            "XDG_CACHE_HOME": home,
            "LANG": "C.UTF-8",
        }
        if self._libraries:
            environment["LD_LIBRARY_PATH"] = self._libraries
        if self._fonts:
            environment["FONTCONFIG_FILE"] = self._fonts
        return environment

    def _stop(self) -> int | None:
        """Ends the process and removes its folder. Returns its exit status, None where there was no process."""
        status = None
        if self._process is not None:
            self._process.kill()
            status = self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # what was written and never read
                        pipe.close()
            self._process = None
        if self._home is not None:
            self._home.cleanup()
            self._home = None
        return status


def _numbers(language: str) -> str:
    """Returns the CSS content of "Page 1 of 2" in that language."""
    before, _, rest = say("Page %(number)s of %(total)s", language, number="\x01", total="\x02").partition("\x01")
    between, _, after = rest.partition("\x02")
    return f'"{before}" counter(page) "{between}" counter(pages) "{after}"'
