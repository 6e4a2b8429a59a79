"""First-party modules and folders import one way: no circle of modules, and none of sibling folders in a package."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("api", "cli", "demo", "integrations", "models", "tasks", "verifier", "web", "workflows")

Graph = dict[str, set[str]]


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = _modules()
    assert len(modules) > 400  # the walk has found them

    assert _circle(_imports(modules)) is None


def test_no_folders_of_a_package_import_each_other_in_a_circle() -> None:
    imports = _imports(_modules())

    assert {package: circle for package in _packages(imports) if (circle := _circle(_between(package, imports)))} == {}


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ({"web.a": {"web.b"}, "web.b": {"web.c"}, "web.c": set()}, False),
        ({"web.a": {"web.b"}, "web.b": {"web.c"}, "web.c": {"web.a"}}, True),
    ],
)
def test_a_circle_is_found(imports: Graph, *, circle: bool) -> None:
    assert (_circle(imports) is not None) is circle


def test_a_circle_of_folders_is_found_where_no_modules_form_one() -> None:
    imports = {"web.one.a": {"web.two.a"}, "web.two.b": {"web.one.b"}, "web.two.a": set[str](), "web.one.b": set[str]()}

    assert _circle(imports) is None
    assert _circle(_between("web", imports)) is not None


def _modules() -> dict[str, Path]:
    """Name and file of each first-party module; a package is the module of its __init__.py."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(modules: dict[str, Path]) -> Graph:
    """Which modules each one imports, wherever in it: also what is imported in a function or for types only."""
    return {name: set(_imported(path, modules)) - {name} for name, path in modules.items()}


def _imported(path: Path, modules: Iterable[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(modules)
            yield from submodules or {node.module} & set(modules)
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & set(modules)


def _packages(imports: Graph) -> set[str]:
    return {name.rpartition(".")[0] for name in imports if "." in name}


def _between(package: str, imports: Graph) -> Graph:
    """Which folders and files directly in a package import which others there."""
    graph: Graph = defaultdict(set)
    for name, imported in imports.items():
        for other in imported:
            if (one := _child(package, name)) and (two := _child(package, other)) and one != two:
                graph[one].add(two)
    return graph


def _child(package: str, name: str) -> str | None:
    return name.removeprefix(f"{package}.").partition(".")[0] if name.startswith(f"{package}.") else None


def _circle(imports: Graph) -> list[str] | None:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return None
