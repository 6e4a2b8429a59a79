"""The README's commands on bare machines, as a table: `python -m tests.fresh_machines [SUITE:USER …] [--test]`.

    python -m tests.fresh_machines                        the demo in all four cells
    python -m tests.fresh_machines trixie:root            one cell
    python -m tests.fresh_machines bookworm:root --test   the test command as well, which takes 10 to 25 minutes

Each cell is a new machine. Needs root and debootstrap. Returns 1 where a cell failed.
"""

import argparse
import re
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from cli.paths import ROOT
from tests.fresh_machines.machine import Machine, bare_machine, stop

CELLS = ("bookworm:root", "bookworm:ada", "trixie:root", "trixie:ada")
_LOADED = "Everything is loaded: all invoices have their PDF."
_START_WITHIN = 900  # seconds, packages included
_directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Cell(NamedTuple):
    """What was measured in one machine: seconds, None where it failed; `tests` as the test command says it."""

    name: str
    login_page: float | None = None
    loaded: float | None = None
    second_start: float | None = None
    tests: str = ""


def main() -> int:
    """Measure the cells and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", nargs="*", default=list(CELLS), metavar="SUITE:USER")
    parser.add_argument("--test", action="store_true", help="run ./gatehouse test too")
    given = parser.parse_args()
    measured = [_measure(name, test=given.test) for name in given.cells]
    print(table(measured))
    return 0 if all(cell.second_start and " 0 failed" in f" {cell.tests or '0 failed'}" for cell in measured) else 1


def table(cells: list[Cell]) -> str:
    """Returns the cells as a Markdown table."""
    lines = ["| machine | login page | all PDFs | second start | test |", "|---|---|---|---|---|"]
    for cell in cells:
        times = (cell.login_page, cell.loaded, cell.second_start)
        shown = [f"{seconds:.0f} s" if seconds is not None else "failed" for seconds in times]
        lines.append(f"| {cell.name} | {' | '.join(shown)} | {cell.tests or '–'} |")
    return "\n".join(lines)


def _measure(name: str, *, test: bool) -> Cell:
    suite, _, user = name.partition(":")
    with bare_machine(suite) as machine:
        project = machine.receive_clone(of=ROOT, user=user)
        if user != "root":  # what README asks of an ordinary user
            machine.run("root", "apt-get -qq update && apt-get -qq -y install python3-venv >/dev/null")
        login_page, loaded = _demo(machine, user, project, _LOADED)
        second_start, _ = _demo(machine, user, project, None) if loaded else (None, None)
        tests = _tests(machine, user, project) if test else ""
    return Cell(name, login_page, loaded, second_start, tests)


def _demo(machine: Machine, user: str, project: str, until: str | None) -> tuple[float | None, float | None]:
    """Seconds to the login page and to the line `until`, counted from the command; None for what did not come."""
    port = _free_port()
    with tempfile.NamedTemporaryFile() as log:
        began = time.monotonic()
        demo = machine.start(user, f"./gatehouse demo --port {port}", project, log.file)
        page = said = None
        while demo.poll() is None and time.monotonic() - began < _START_WITHIN and (page is None or said is None):
            if page is None and _answers(port):
                page = time.monotonic() - began
            if until is None or until in Path(log.name).read_text(errors="replace"):
                said = time.monotonic() - began
            time.sleep(0.2)
        stop(demo)
        if page is None or said is None:
            print(Path(log.name).read_text(errors="replace")[-3000:], file=sys.stderr)
    return page, said


def _tests(machine: Machine, user: str, project: str) -> str:
    began = time.monotonic()
    ran = machine.run(user, "CI=1 ./gatehouse test", project)
    said = re.findall(r"^\d+ passed, \d+ failed.*$", ran.stdout, re.MULTILINE)
    if not said or ran.returncode != 0:
        print(ran.stdout[-6000:], file=sys.stderr)
    return f"{said[-1] if said else 'did not end'}, {time.monotonic() - began:.0f} s"


def _answers(port: int) -> bool:
    try:
        _directly.open(f"http://127.0.0.1:{port}/portal/demo", timeout=2).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
