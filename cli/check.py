"""`./gatehouse test`: style, types, import rules, then every test.

All steps run even when one fails, so that one round tells everything. Words after `test` go to
pytest, and then only pytest runs.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import preflight
from cli.paths import ROOT

_PYTHON = sys.executable

STEPS: dict[str, list[str]] = {
    "lint": [_PYTHON, "-m", "ruff", "check", "."],
    "format": [_PYTHON, "-m", "ruff", "format", "--check", "."],
    "types": [_PYTHON, "-m", "pyright"],
    # import-linter has no `-m`, and its script names the folder it was installed in
    "imports": [
        _PYTHON,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ],
}

# Most tests wait for a database, so that two at a time end in little more than half the time. A file stays together,
# in the files' own order: the long ones come early, and none is left alone at the end.
_ON_ALL_CORES = ["-n", str(os.cpu_count() or 1), "--dist", "loadfile", "--no-loadscope-reorder"]


@dataclass(frozen=True)
class Outcome:
    """What one step came to: how many checks passed and failed, and its seconds."""

    step: str
    passed: int
    failed: int
    seconds: float
    skipped: int = 0


def check(words: Sequence[str]) -> int:
    """Run all steps, or pytest alone with `words`; return 0 when nothing failed.

    What the tests need of the machine is asked first: all steps do not begin without it, named tests do.
    """
    sentences = preflight.missing()
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    if sentences and not words:
        print("Without it many tests fail. Name the tests to run them all the same.", file=sys.stderr)
        return 1
    if words:
        return subprocess.run(_pytest(words), cwd=ROOT, env=_environment(), check=False).returncode
    console = Console(highlight=False)
    outcomes = [_run_step(console, name, argv) for name, argv in STEPS.items()]
    outcomes.append(_run_tests(console))
    _report(console, outcomes)
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def _run_step(console: Console, name: str, argv: Sequence[str]) -> Outcome:
    console.rule(name, align="left")
    started = time.monotonic()
    status = subprocess.run(argv, cwd=ROOT, env=_environment(), check=False).returncode
    ok = status == 0
    return Outcome(name, int(ok), int(not ok), time.monotonic() - started)


def _run_tests(console: Console) -> Outcome:
    console.rule("tests", align="left")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        argv = _pytest([f"--junit-xml={report}", *_ON_ALL_CORES])
        status = subprocess.run(argv, cwd=ROOT, env=_environment(), check=False).returncode
        passed, failed, skipped = counts(report)
    if status != 0:
        failed = max(failed, 1)  # also when pytest itself could not run
    if os.environ.get("CI") and skipped:
        failed, skipped = failed + skipped, 0  # a test that was not run has shown nothing
    return Outcome("tests", passed, failed, time.monotonic() - started, skipped)


def counts(report: Path) -> tuple[int, int, int]:
    """Return how many tests passed, failed (errors included) and were skipped."""
    if not report.exists():
        return 0, 1, 0
    suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - pytest wrote it just now
    total, failures, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    return total - failures - errors - skipped, failures + errors, skipped


def _pytest(words: Sequence[str]) -> list[str]:
    return [_PYTHON, "-m", "pytest", *words]


def _environment() -> dict[str, str]:
    """Ours; pyright must not ask a registry whether there is a newer version."""
    return {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}


def _report(console: Console, outcomes: Sequence[Outcome]) -> None:
    table = Table("step", "result", "seconds", box=None, pad_edge=False)
    for outcome in outcomes:
        result = f"[red]{outcome.failed} failed[/red]" if outcome.failed else "[green]passed[/green]"
        table.add_row(outcome.step, result, f"{outcome.seconds:.1f}")
    console.rule("summary", align="left")
    console.print(table)
    passed, failed, skipped = (
        sum(getattr(outcome, name) for outcome in outcomes) for name in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
