"""`./gatehouse check-facts`: whether what must always hold does, now, of everything; what does not is named.

Exit status: 0 everything holds, 1 something does not, 2 it could not be found out.
"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed
from models.database import close_pool, open_pool
from workflows.audit.invariants import INVARIANTS_BY_NAME
from workflows.audit.invariants.check import Checked, check_invariants

BROKEN, NOT_FOUND_OUT = 1, 2  # exit status
_DEFAULT_DATA = ROOT / ".data"


def command(
    *,
    fact: Annotated[list[str] | None, typer.Option(help="Only this one, by name; may be given again.")] = None,
    moved: Annotated[bool, typer.Option("--moved", help="Look only at what moved since the last look.")] = False,
    data: Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")] = _DEFAULT_DATA,
) -> None:
    """Check what must always hold; breaches are written down, shown to auditors, and never mended."""
    console = Console(highlight=False, soft_wrap=True)
    if unknown := sorted(set(fact or ()) - set(INVARIANTS_BY_NAME)):
        console.print(f"There is no fact {unknown[0]}. They are: {', '.join(INVARIANTS_BY_NAME)}", markup=False)
        raise typer.Exit(NOT_FOUND_OUT)
    try:
        with database_at_hand(as_typed(data)) as url:
            checked = asyncio.run(_check(url, fact or [], moved=moved))
    except (NoDatabase, ServerFailed, OSError) as refusal:
        console.print(str(refusal), style="red", markup=False)
        raise typer.Exit(NOT_FOUND_OUT) from None
    console.print(_table(checked))
    for one in checked:
        for found in one.breaches:
            console.print(f"{one.fact.name}: {found.about} {found.entity}: {found.tells}", markup=False)
        if one.cut:
            console.print(f"{one.fact.name}: and more", markup=False)
    if any(one.breaches for one in checked):
        raise typer.Exit(BROKEN)


async def _check(url: str, only: list[str], *, moved: bool) -> list[Checked]:
    await open_pool(url, min_size=1, max_size=2)
    try:
        return await check_invariants(full=not moved, only=only)
    finally:
        await close_pool()


def _table(checked: list[Checked]) -> Table:
    table = Table("Fact", "Holds", "Rows", "Seconds", "What it says", box=None, pad_edge=False)
    for one in checked:
        holds = "yes" if not one.breaches else f"no: {len(one.breaches)}{' or more' if one.cut else ''}"
        table.add_row(
            one.fact.name, holds, f"{one.looked_at:,}" if one.looked_at else "", f"{one.seconds:.2f}", one.fact.says
        )
    return table
