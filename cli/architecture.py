"""The pictures of docs/architecture.md, drawn from the imports: which folder imports which.

./gatehouse architecture           writes them
./gatehouse architecture --check   fails when they are out of date, as a test does
"""

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Annotated

import typer

from cli.paths import ROOT

FILE = ROOT / "docs" / "architecture.md"
PACKAGES = ("api", "cli", "integrations", "models", "tasks", "verifier", "web", "workflows")

Arrows = dict[str, set[str]]  # a folder, and the folders that it imports from


def command(*, check: Annotated[bool, typer.Option(help="Write nothing; fail when out of date.")] = False) -> None:
    """Draw the pictures of docs/architecture.md from the imports."""
    page = FILE.read_text()
    drawn = document(page)
    if not check:
        FILE.write_text(drawn)
    elif page != drawn:
        print("docs/architecture.md is out of date: run ./gatehouse architecture")
        raise typer.Exit(1)


def document(page: str) -> str:
    """Returns the page with both pictures drawn anew: between `<!-- NAME -->` and `<!-- end -->`."""
    page = _replaced(page, "packages", diagram(arrows_between(PACKAGES)))
    return _replaced(page, "workflows", diagram(arrows_between(_folders(ROOT / "workflows"))))


def arrows_between(folders: tuple[str, ...]) -> Arrows:
    """Returns which of the folders (dotted names) imports from which other one, read from every module's imports."""
    arrows: Arrows = {folder: set() for folder in folders}
    for folder in folders:
        for file in (ROOT / folder.replace(".", "/")).rglob("*.py"):
            targets = {_owner(name, folders) for name in _imported(file)}
            arrows[folder] |= {target for target in targets if target and target != folder}
    return arrows


def diagram(arrows: Arrows) -> str:
    """Returns a mermaid flowchart. An arrow that follows from two others is left out."""
    lines = [
        f"    {_label(source)} --> {_label(target)}" for source in sorted(arrows) for target in _direct(arrows, source)
    ]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def _direct(arrows: Arrows, source: str) -> list[str]:
    beyond: set[str] = set()
    for target in arrows[source]:
        if source not in _reachable(arrows, target):
            beyond |= _reachable(arrows, target)
    return sorted(arrows[source] - beyond)


def _reachable(arrows: Arrows, start: str) -> AbstractSet[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = arrows[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def _folders(parent: Path) -> tuple[str, ...]:
    return tuple(sorted(f"{parent.name}.{one.parent.name}" for one in parent.glob("*/__init__.py")))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _owner(name: str, folders: tuple[str, ...]) -> str | None:
    return next((folder for folder in folders if name == folder or name.startswith(f"{folder}.")), None)


def _label(folder: str) -> str:
    return folder.rpartition(".")[2]


def _replaced(page: str, name: str, picture: str) -> str:
    before, _, rest = page.partition(f"<!-- {name} -->\n")
    _, _, after = rest.partition("<!-- end -->\n")
    return f"{before}<!-- {name} -->\n{picture}\n<!-- end -->\n{after}"
