"""What a docstring shows is what the code answers. Examples that show no answer say how to call, and are not run."""

import ast
import doctest
from importlib import import_module
from pathlib import Path

import pytest

from cli.paths import ROOT

_PACKAGES = ("api", "cli", "integrations", "models", "tasks", "verifier", "web", "workflows")


_Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _docstrings(file: Path) -> list[str]:
    tree = ast.parse(file.read_text())
    return [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, _Documented)]


def _answers(docstring: str) -> bool:
    """Whether an answer stands below one of its examples."""
    return any(example.want for example in doctest.DocTestParser().get_examples(docstring))


def _modules() -> list[str]:
    files = (file for package in _PACKAGES for file in (ROOT / package).rglob("*.py"))
    told = (file for file in files if ">>> " in file.read_text() and any(map(_answers, _docstrings(file))))
    return sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in told)


@pytest.mark.parametrize("module", _modules())
def test_examples_answer_what_is_shown(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    runner = doctest.DocTestRunner()

    for told in doctest.DocTestFinder(exclude_empty=True).find(import_module(module)):
        if any(example.want for example in told.examples):
            runner.run(told)

    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out
    assert runner.tries > 0
