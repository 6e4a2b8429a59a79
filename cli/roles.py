"""docs/roles.md, written from the table of acts: who may do what, and which scope of an API key stands for it.

./gatehouse roles           writes it
./gatehouse roles --check   fails when it is out of date, as a test does
"""

from typing import Annotated

import typer

from cli.paths import ROOT
from workflows.marketplaces.permissions import ACTS, ROLES, SCOPES

FILE = ROOT / "docs" / "roles.md"

_INTRODUCTION = """# Roles and scopes

Written by `./gatehouse roles` from `workflows/marketplaces/permissions.py`; a test fails when it is out of date.

Every page of the console and every route of the merchant's API names one act. A member of the staff may do it when
their role says so, an API key when it has the scope. What another marketplace has answers 404 to everybody.
"""
_SCOPES = """
## Scopes of API keys

A key gets scopes when it is made and keeps them. Whoever makes one may give it what they may do themselves.
"""


def command(*, check: Annotated[bool, typer.Option(help="Write nothing; fail when out of date.")] = False) -> None:
    """Write docs/roles.md from the table of acts."""
    if not check:
        FILE.write_text(document())
    elif not FILE.exists() or FILE.read_text() != document():
        print("docs/roles.md is out of date: run ./gatehouse roles")
        raise typer.Exit(1)


def document() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION, *_acts(), _SCOPES, *_scopes(), ""])


def _acts() -> list[str]:
    head = [f"| act | {' | '.join(ROLES)} | scope | what it is |", f"|---|{':-:|' * len(ROLES)}---|---|"]
    return head + [
        f"| `{act.name}` | {' | '.join('yes' if may else '' for may in act.may)}"
        f" | {f'`{act.scope}`' if act.scope else 'none: a person’s own'} | {act.says} |"
        for act in ACTS.values()
    ]


def _scopes() -> list[str]:
    by_scope = {scope: [f"`{act.name}`" for act in ACTS.values() if act.scope == scope] for scope in SCOPES}
    return [
        "| scope | acts |",
        "|---|---|",
        *(f"| `{scope}` | {', '.join(acts)} |" for scope, acts in by_scope.items()),
    ]
