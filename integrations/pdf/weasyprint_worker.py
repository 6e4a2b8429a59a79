"""The WeasyPrint process: a program of its own that imports WeasyPrint once and makes one PDF after the other.

Started by weasyprint.py with an empty environment, a temporary folder as HOME and this protocol on its pipes, a line
each: it says `ready VERSION`, then for each `FOLDER` that it reads makes FOLDER/page.pdf from FOLDER/page.html and
FOLDER/page.css, and answers `made` or `failed REASON`. It ends when its input does. It imports nothing of ours, so that
no setting and no secret is in its memory.
"""

import os
import resource
import sys
from pathlib import Path
from typing import Any

_ADDRESS_SPACE = 2 * 1024**3  # bytes; a page of a hundred lines takes 250 MB
_FILE_SIZE = 32 * 1024**2  # bytes, of any one file
_CPU_SECONDS = 20  # for one page, which takes 0.2
_ZOOM = 96 / 127  # invoice.css counts 5 px to a millimetre (127 dpi), CSS has 96 px to an inch


def main() -> None:
    """Serve until the input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold a customer's address
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_SIZE, _FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        answers.write(f"failed {_line(error)}\n")
        return
    fetcher = _only_data_uris(weasyprint)
    sys.addaudithook(_refuse)
    answers.write(f"ready {weasyprint.__version__}\n")
    for line in sys.stdin:
        answers.write(f"{_make(weasyprint, fetcher, Path(line.rstrip(chr(10))))}\n")


def _make(weasyprint: Any, fetcher: Any, folder: Path) -> str:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + _CPU_SECONDS, resource.RLIM_INFINITY))
    try:
        page = weasyprint.HTML(
            string=(folder / "page.html").read_text(encoding="utf-8"), base_url="refused:/", url_fetcher=fetcher
        )
        style = weasyprint.CSS(string=(folder / "page.css").read_text(encoding="utf-8"), url_fetcher=fetcher)
        page.write_pdf(str(folder / "page.pdf"), stylesheets=[style], zoom=_ZOOM)
    except MemoryError:
        return "failed out of memory"
    except Exception as error:  # noqa: BLE001 - whatever a page provokes, the next page is rendered
        return f"failed {_line(error)}"
    return "made"


def _only_data_uris(weasyprint: Any) -> Any:
    """A fetcher that ends the rendering at the first reference to anything but a `data:` URI."""
    from weasyprint.urls import FatalURLFetchingError

    class OnlyDataUris(weasyprint.URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.lower().startswith("data:"):
                raise FatalURLFetchingError(f"the page refers to {url[:80]!r}")
            return super().fetch(url, headers)

    return OnlyDataUris(allowed_protocols=("data",), fail_on_errors=True)


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    """Python's own last word (PEP 578): no socket and no program, whatever code asks for it. Cannot be taken back."""
    if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "ftplib.")):
        raise PermissionError(f"{event} is refused")


def _line(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words[:200]


if __name__ == "__main__":
    main()
