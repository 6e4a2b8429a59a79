"""`gatehouse await-documents`: waits until every PDF that was asked for is there, or given up."""

import asyncio
import time
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from models.database import fetch_value, single_connection
from workflows.runtime.settings import settings

_LOOK_EVERY = 0.25  # seconds


def await_documents(
    within: Annotated[int, typer.Option(help="Give up after so many seconds.", min=1)] = 180,
) -> None:
    """Wait until no PDF is being prepared; exit status 1 when some still are after that time."""
    console = Console(stderr=True, highlight=False)
    left = asyncio.run(_wait(console, timedelta(seconds=within)))
    if left:
        console.print(f"{left} PDFs are still being prepared.", style="red")
        raise typer.Exit(1)


async def _wait(console: Console, within: timedelta) -> int:
    columns = (TextColumn("Preparing invoices"), BarColumn(), MofNCompleteColumn())
    give_up_at = time.monotonic() + within.total_seconds()
    async with single_connection(settings().database_url):
        all_of_them = await _requested()
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("", total=all_of_them)
            while (left := await _requested()) and time.monotonic() < give_up_at:
                progress.update(task, completed=all_of_them - left)
                await asyncio.sleep(_LOOK_EVERY)
    return left


async def _requested() -> int:
    return await fetch_value("SELECT count(*) FROM document WHERE state = 'requested'")
