"""No verb ends with an error status and no sentence, whatever program the machine lacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli import preflight
from cli.paths import ROOT
from cli.verbs import VERBS

_ALWAYS = (
    "sh",
    "sed",
    "cat",
    "cmp",
    "dirname",
    "id",
    "grep",
    "cut",
    "mkdir",
    "tail",
    "python3",
    "env",
    "basename",
    "rm",
    "sleep",
)
_OPTIONAL = ("wkhtmltopdf", "chromium", "pdftotext", "pdftoppm", "flock", "apt-get", "apt-cache", "dpkg-deb")


def _path_without(folder: Path, *lacking: str) -> str:
    folder.mkdir()
    for name in (*_ALWAYS, *_OPTIONAL):
        found = shutil.which(name)
        if found and name not in lacking:
            (folder / name).symlink_to(found)
    return str(folder)


def _run(words: list[str], path: str, project: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": os.environ.get("HOME", "/"), **more}
    return subprocess.run(
        [str(project / "gatehouse"), *words], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def _assert_fine_or_said(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0 or ran.stderr.strip(), f"status {ran.returncode} and not a word"
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("program", _OPTIONAL)
def test_a_verb_runs_without_the_program(program: str, tmp_path: Path) -> None:
    ran = _run(["jobs", "--help"], _path_without(tmp_path / "bin", program))

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS if not verb.hidden])
def test_each_verb_says_its_help_without_any_of_them(verb: str, tmp_path: Path) -> None:
    ran = _run([verb, "--help"], _path_without(tmp_path / "bin", *_OPTIONAL))

    assert ran.returncode == 0, ran.stderr
    _assert_fine_or_said(ran)


def test_a_command_without_python_says_what_to_install(tmp_path: Path) -> None:
    ran = _run(["help"], _path_without(tmp_path / "bin", *_OPTIONAL, "python3"))

    assert ran.returncode == 1
    assert "Python 3.11 or newer is needed" in ran.stderr


def test_every_shell_file_passes_shellcheck() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    scripts = [name for name in listed if name.endswith(".sh") or name in {"gatehouse", ".ci/run"}]
    program = ROOT / ".venv/bin/shellcheck"

    found = subprocess.run([program, *scripts], cwd=ROOT, capture_output=True, text=True, check=False)

    assert len(scripts) >= 6
    assert found.returncode == 0, found.stdout


def test_given_packages_are_used_and_nothing_is_written(tmp_path: Path) -> None:
    project = tmp_path / "gatehouse"
    project.mkdir()
    for name in (
        "cli",
        "gatehouse",
        "pyproject.toml",
        "workflows",
        "models",
        "integrations",
        "tasks",
        "api",
        "verifier",
    ):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, project / name)
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}

    ran = _run(["marketplace", "--help"], os.environ["PATH"], project, GATEHOUSE_INSTALLED=str(ROOT / ".venv"))

    assert ran.returncode == 0, ran.stderr
    assert {path for path in project.rglob("*") if "__pycache__" not in path.parts} == before


def test_given_packages_that_are_not_there_are_refused(tmp_path: Path) -> None:
    ran = _run(["jobs"], os.environ["PATH"], GATEHOUSE_INSTALLED=str(tmp_path))

    assert ran.returncode == 1
    assert "no virtual environment" in ran.stderr


def test_the_version_is_said_without_installing(tmp_path: Path) -> None:
    ran = _run(["--version"], _path_without(tmp_path / "bin", *_OPTIONAL, "python3"))

    assert ran.stdout == "gatehouse 0.1.0\n"


def test_what_the_tests_lack_is_one_sentence_each() -> None:
    sentences = preflight.missing(
        {
            "Chromium": (["no-such-chromium"], "chromium"),
            "Node.js": (["sh", "-c", "echo 'libatomic.so.1: cannot open' >&2; exit 127"], "libatomic1"),
            "Shell": (["sh", "-c", "true"], "dash"),
        }
    )

    assert sentences == [
        "Chromium does not start (no-such-chromium is not on PATH). Install it: sudo apt-get install chromium",
        "Node.js does not start (libatomic.so.1: cannot open). Install it: sudo apt-get install libatomic1",
    ]
