"""Docstrings, comments and docs name files, rules of PRODUCT.md and decisions that exist."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[1]
_FILES = [
    Path(name)
    for name in subprocess.run(
        ["git", "ls-files"], cwd=_ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    if (_ROOT / name).is_file()
]
# A migration is never edited after it was applied, and the changelog tells what was.
_READ = [
    file
    for file in _FILES
    if file.suffix in {".py", ".md"} and file.name != "CHANGELOG.md" and file.parts[:2] != ("models", "migrations")
]
_NAMED = re.compile(r"(?<![\w/.*{}<>-])((?:[\w.*-]+/)*[\w*-]+\.(?:py|sql|md|html|toml))\b(?![\w/(])")
_FOLDERS = "|".join(sorted({file.parts[0] for file in _FILES if len(file.parts) > 1}))
_PATH = re.compile(rf"(?<![\w/.$-])((?:{_FOLDERS})/[\w./*-]*[\w*])")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[\w-]*)?\)")
_CITED = re.compile(r"PRODUCT\.md (\d\.\d+\w?(?:(?:, | and |,? or | to |-)\d\.\d+\w?)*)")
_DECIDED = re.compile(r"(?:docs/decisions/|\b[Dd]ecisions? )(\d{2,4})\b")
_RULES = set(re.findall(r"^\| (\d\.\d+\w?) \|", (_ROOT / "PRODUCT.md").read_text(), re.MULTILINE))
_DECISIONS = {file.name[:4] for file in (_ROOT / "docs" / "decisions").glob("0*.md")}
_PLACEHOLDER = re.compile(r"NAME|FOLDER|000N|…")


class Mention(NamedTuple):
    """A text that is read by people, and where it stands."""

    file: Path
    line: int
    text: str


@lru_cache
def _mentions() -> list[Mention]:
    return [
        Mention(file, number, text)
        for file in _READ
        for number, text in (
            _of_python(file) if file.suffix == ".py" else enumerate((_ROOT / file).read_text().splitlines(), 1)
        )
    ]


def _of_python(file: Path) -> Iterator[tuple[int, str]]:
    """The docstrings and the comments, line by line."""
    source = (_ROOT / file).read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield from enumerate(first.value.value.splitlines(), first.lineno)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _exists(name: str, beside: Path) -> bool:
    """A path from the root or from the file that names it, the beginning of one, or the end of exactly one."""
    begins = name if "*" in name or Path(name).suffix else f"{name}*"
    found = (_ROOT / name).exists() or (_ROOT / beside / name).exists()
    ends = [file for file in _FILES if file.as_posix().endswith(f"/{name}")]
    return found or len(ends) == 1 or any(_ROOT.glob(begins)) or any((_ROOT / beside).glob(begins))


def _names(mention: Mention) -> set[str]:
    """The files, paths and links in a text; placeholders like NAME left out."""
    links = _LINK.findall(mention.text) if mention.file.suffix == ".md" else []
    found = {*_NAMED.findall(mention.text), *_PATH.findall(mention.text), *links}
    return {name for name in found if not _PLACEHOLDER.search(name)}


def test_every_file_that_is_named_exists() -> None:
    wrong = [
        f"{mention.file}:{mention.line}: {name}"
        for mention in _mentions()
        for name in sorted(_names(mention))
        if not _exists(name, mention.file.parent)
    ]

    assert not wrong, "\n".join(wrong)


def test_every_rule_that_is_cited_exists() -> None:
    wrong = [
        f"{mention.file}:{mention.line}: PRODUCT.md {rule}"
        for mention in _mentions()
        for cited in _CITED.findall(mention.text)
        for rule in re.findall(r"\d\.\d+\w?", cited)
        if rule not in _RULES
    ]

    assert not wrong, "\n".join(wrong)


def test_every_decision_that_is_cited_exists() -> None:
    wrong = [
        f"{mention.file}:{mention.line}: decision {number}"
        for mention in _mentions()
        for number in _DECIDED.findall(mention.text)
        if number.zfill(4) not in _DECISIONS
    ]

    assert not wrong, "\n".join(wrong)
