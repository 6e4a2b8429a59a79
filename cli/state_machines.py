"""docs/state-machines.md, written from the definitions: a picture and a table of rules for every life cycle.

./gatehouse state-machines           writes it
./gatehouse state-machines --check   fails when it is out of date, as a test does
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Annotated

import typer

from cli.paths import ROOT
from workflows.engine.machine import NEW, Rule, StateMachine
from workflows.machines import MACHINES

FILE = ROOT / "docs" / "state-machines.md"

_INTRODUCTION = """# State machines

Written by `./gatehouse state-machines` from `workflows/machines/`; a test fails when it is out of date.

Every change of state is one of the rules below. The database holds the same rules and refuses everything else, also to
plain SQL. A guard is a question about the row that must be answered with yes; "stages" names the background work that
is written down in the same transaction. Where a machine is importable, a merchant's history may begin in any state,
by the trigger `import`. "tells" is the event that the merchant's own systems get (docs/webhooks.md).
"""


def command(*, check: Annotated[bool, typer.Option(help="Write nothing; fail when out of date.")] = False) -> None:
    """Write docs/state-machines.md from the definitions."""
    if not check:
        FILE.write_text(document())
    elif not FILE.exists() or FILE.read_text() != document():
        print("docs/state-machines.md is out of date: run ./gatehouse state-machines")
        raise typer.Exit(1)


def document() -> str:
    """The whole page, in Markdown with mermaid diagrams."""
    return "\n".join([_INTRODUCTION, *(_section(machine) for machine in MACHINES)])


def _section(machine: StateMachine) -> str:
    module = f"workflows/machines/{machine.name}.py"
    about = (_docstring(machine) or "").strip()
    return "\n".join(
        [
            f"## {machine.name}",
            "",
            about,
            "",
            f"Defined in [`{module}`](../{module})." + (" Importable." if machine.importable else ""),
            "",
            "```mermaid",
            diagram(machine),
            "```",
            "",
            *_table(machine),
            "",
            *_guards(machine),
        ]
    )


def diagram(machine: StateMachine) -> str:
    """The machine as a mermaid state diagram; triggers between the same two states share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for rule in machine.rules:
        source = "[*]" if rule.source == NEW else rule.source
        arrows.setdefault((source, rule.target), []).append(_label(rule))
    lines = [f"    {source} --> {target}: {', '.join(labels)}" for (source, target), labels in arrows.items()]
    ends = [f"    {state} --> [*]" for state in machine.states if state in machine.terminal]
    return "\n".join(["stateDiagram-v2", *lines, *ends])


def _label(rule: Rule) -> str:
    return f"{rule.trigger} [{rule.guard}]" if rule.guard else rule.trigger


def _table(machine: StateMachine) -> Iterable[str]:
    yield "| trigger | from | to | guard | stages | tells |"
    yield "|---|---|---|---|---|---|"
    for rule in machine.rules:
        target = f"**{rule.target}**" if rule.target in machine.terminal else rule.target
        stages = ", ".join(f"`{actor}`" for actor in rule.stages)
        event = f"`{rule.event}`" if rule.event else ""
        yield f"| {rule.trigger} | {rule.source} | {target} | {rule.guard or ''} | {stages} | {event} |"


def _guards(machine: StateMachine) -> Iterable[str]:
    for name, guard in machine.guards.items():
        yield f"- {name}: `{guard.sql}`"
    if machine.guards:
        yield ""


def _docstring(machine: StateMachine) -> str | None:
    return import_module(f"workflows.machines.{machine.name}").__doc__
