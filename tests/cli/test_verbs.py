"""The command line: its table of verbs, and how it hands over."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import bench, check
from cli.main import load, main
from cli.paths import ROOT
from cli.verbs import VERBS, Verb, overview


def test_the_verbs_are_printed_without_any_package() -> None:
    printed = subprocess.run(
        [sys.executable, "-S", "-m", "cli.verbs"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert printed.stdout.strip() == overview()


def test_each_shown_verb_has_its_line() -> None:
    lines = overview().splitlines()

    for verb in VERBS:
        assert any(line.split()[:1] == [verb.name] for line in lines) is not verb.hidden


@pytest.mark.parametrize("verb", VERBS, ids=[verb.name for verb in VERBS])
def test_each_verb_has_its_function(verb: Verb) -> None:
    assert callable(load(verb.target))


def test_a_misspelt_verb_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dmeo"]) == 2
    assert "Did you mean demo?" in capsys.readouterr().err


def test_benchmarks_are_modules_with_a_main(tmp_path: Path) -> None:
    (tmp_path / "fire.py").write_text("async def main() -> None: ...\n")
    (tmp_path / "peers.py").write_text("RATIO = 0.6\n")

    assert bench.names(tmp_path) == ["fire"]


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.bench(["no-such"]) == 2
    assert "There is no benchmark no-such" in capsys.readouterr().err


def test_errors_count_as_failures(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="1" errors="2" skipped="3"></testsuite></testsuites>')

    assert check.counts(report) == (4, 3, 3)


def test_no_report_is_a_failure(tmp_path: Path) -> None:
    assert check.counts(tmp_path / "none.xml") == (0, 1, 0)
