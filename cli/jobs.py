"""`./gatehouse jobs`: work that was given up, and giving it another chance."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed
from models.database import single_connection
from workflows.operations.dead_jobs import DeadJob, dead_jobs, replay
from workflows.runtime.errors import NotFound

answer = TypeVar("answer")

_Data = Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")]
_DEFAULT_DATA = ROOT / ".data"

app = typer.Typer(add_completion=False, help="Work that was given up after its last attempt.", no_args_is_help=True)


@app.command("dead")
def dead(
    limit: Annotated[int, typer.Option(help="At most so many, the oldest first.", min=1)] = 100,
    data: _Data = _DEFAULT_DATA,
) -> None:
    """List dead jobs: what they were to do, and why they could not."""
    rows = _with_database(data, lambda: dead_jobs(limit))
    console = Console(highlight=False)
    if not rows:
        console.print("No dead jobs.")
        return
    console.print(_table(rows))
    console.print("Once the cause is mended: ./gatehouse jobs replay ID")


@app.command("replay")
def replay_one(
    job_id: Annotated[int, typer.Argument(metavar="ID", help="As `jobs dead` lists it.")], data: _Data = _DEFAULT_DATA
) -> None:
    """Give a dead job all its attempts again."""
    _with_database(data, lambda: replay(job_id))
    typer.echo(f"Job {job_id} will run again.")


def _table(rows: list[DeadJob]) -> Table:
    table = Table("ID", "Job", "For", "Staged (UTC)", "Attempts", "Error", box=None, pad_edge=False)
    for row in rows:
        staged = f"{row.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(row.id), row.actor, json.dumps(row.args), staged, str(row.attempts), row.last_error or "")
    return table


def _with_database(data: Path, act: Callable[[], Awaitable[answer]]) -> answer:
    async def run(url: str) -> answer:
        async with single_connection(url):
            return await act()

    try:
        with database_at_hand(as_typed(data)) as url:
            return asyncio.run(run(url))
    except (NoDatabase, NotFound, ServerFailed, OSError) as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None
