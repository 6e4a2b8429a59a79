"""`./gatehouse import`: a merchant's past from CSV files (docs/import.md), or CDNOW's. import_stripe.py has Stripe's.

Here are the files, the progress bar and the report; what a row must be is workflows/importing's.
"""

import asyncio
import csv
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.import_cdnow import CdnowShop, cdnow_sources
from cli.import_stripe import NOTHING_DONE, SOME_REFUSED, import_stripe
from cli.paths import ROOT, as_typed
from models.database import single_connection
from workflows.importing.charges import CHARGES
from workflows.importing.csv_rows import CsvRows
from workflows.importing.customers import CUSTOMERS
from workflows.importing.kind import Kind
from workflows.importing.orders import ORDERS
from workflows.importing.products import PRODUCTS
from workflows.importing.run import ImportCounter, Watcher, run_import
from workflows.importing.shapes import FileRefused, ImportUnderWay, Refused, Source
from workflows.importing.subscriptions import SUBSCRIPTIONS
from workflows.marketplaces.marketplace import find_marketplace
from workflows.runtime.errors import NotFound

_File = Annotated[Path | None, typer.Option(exists=False, dir_okay=False)]
_DEFAULT_DATA = ROOT / ".data"

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)
app.command("stripe")(import_stripe)


@app.callback(invoke_without_command=True)
def import_(
    context: typer.Context,
    marketplace: Annotated[str, typer.Option(help="The slug of the marketplace to import into.")] = "",
    products: _File = None,
    customers: _File = None,
    orders: _File = None,
    subscriptions: _File = None,
    charges: _File = None,
    cdnow: Annotated[Path | None, typer.Option(help="CDNOW's purchases, in place of CSV files.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,  # noqa: FBT002 - Typer's way
    report: Annotated[Path | None, typer.Option(help="Write refused rows to this CSV file, not to stderr.")] = None,
    data: Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")] = _DEFAULT_DATA,
) -> None:
    """Import products, customers, orders, subscriptions and charges; docs/import.md describes the columns.

    Importing the same files again changes nothing. Exit status 1: some rows were refused; 2: nothing was done.
    """
    if context.invoked_subcommand is not None:
        return
    if not marketplace:
        raise typer.BadParameter("name the marketplace", param_hint="--marketplace")
    files = [
        (kind, as_typed(path))
        for kind, path in (
            (PRODUCTS, products),
            (CUSTOMERS, customers),
            (ORDERS, orders),
            (SUBSCRIPTIONS, subscriptions),
            (CHARGES, charges),
        )
        if path is not None
    ]
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with ExitStack() as held:
            sources = _open(held, files, as_typed(cdnow) if cdnow else None)
            url = held.enter_context(database_at_hand(as_typed(data)))
            reporter = held.enter_context(_reporter(console, as_typed(report) if report else None))
            tallies = asyncio.run(_run(url, marketplace, sources, reporter, dry_run=dry_run))
    except (FileRefused, ImportUnderWay, NotFound, NoDatabase, ServerFailed, OSError) as refusal:
        console.print(f"Nothing was imported: {_said(refusal, marketplace)}", style="red", markup=False)
        raise typer.Exit(NOTHING_DONE) from None
    _show(tallies, dry_run=dry_run)
    if any(tally.refused for tally in tallies):
        raise typer.Exit(SOME_REFUSED)


def _said(refusal: Exception, slug: str) -> str:
    return f"there is no marketplace {slug}" if isinstance(refusal, NotFound) else str(refusal)


_Sources = list[tuple[Kind[Any], Source, int]]  # with the file's size in bytes


def _open(held: ExitStack, files: list[tuple[Kind[Any], Path]], cdnow: Path | None) -> _Sources:
    """Opens the files and reads their headers. Raises FileRefused, OSError."""
    if bool(files) == (cdnow is not None):
        raise FileRefused("name the CSV files to import, or one file with --cdnow")
    if cdnow is not None:
        size = cdnow.stat().st_size
        return [(kind, source, size) for kind, source in cdnow_sources(cdnow, CdnowShop())]
    sources: _Sources = []
    for kind, path in files:
        rows = CsvRows(path.name, held.enter_context(path.open("rb")), kind.required, kind.optional)
        sources.append((kind, rows, path.stat().st_size))
    return sources


class _Reporter:
    """Tells of progress (on a terminal) and of refused rows."""

    def __init__(self, progress: Progress, report: TextIO | None) -> None:
        self._progress = progress
        self._report = csv.writer(report) if report else None
        self._tasks: dict[int, TaskID] = {}

    def expect(self, sources: _Sources) -> None:
        """Shows a bar for each file."""
        for kind, source, size in sources:
            self._tasks[id(source)] = self._progress.add_task(kind.name, total=size)

    def refused(self, row: Refused) -> None:
        """One line for a refused row."""
        if self._report:
            self._report.writerow(row)
        else:
            self._progress.console.print(str(row), markup=False)

    def read(self, source: Source) -> None:
        """Moves the file's bar."""
        self._progress.update(self._tasks[id(source)], completed=source.bytes_read)


@contextmanager
def _reporter(console: Console, report: Path | None) -> Generator[_Reporter]:
    columns = (TextColumn("{task.description:>13}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with ExitStack() as held:
        file = held.enter_context(report.open("w", encoding="utf-8", newline="")) if report else None
        if file:
            csv.writer(file).writerow(Refused._fields)
        yield _Reporter(held.enter_context(Progress(*columns, console=console, disable=not console.is_terminal)), file)


async def _run(url: str, slug: str, sources: _Sources, reporter: _Reporter, *, dry_run: bool) -> list[ImportCounter]:
    # One connection, not a pool: it holds the lock and every transaction, one after the other.
    async with single_connection(url):
        found = await find_marketplace(slug)
        reporter.expect(sources)
        watcher = Watcher(reporter.refused, reporter.read)
        return await run_import(found, [(kind, source) for kind, source, _ in sources], watcher, dry_run=dry_run)


def _show(tallies: list[ImportCounter], *, dry_run: bool) -> None:
    table = Table("", "new", "unchanged", "refused", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for tally in tallies:
        table.add_row(tally.kind, f"{tally.new:,}", f"{tally.unchanged:,}", f"{tally.refused:,}")
    console = Console(highlight=False)
    console.print(table)
    if dry_run:
        console.print("A dry run: everything was checked, nothing was changed.")
