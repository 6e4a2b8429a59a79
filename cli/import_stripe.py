"""`./gatehouse import stripe`: a merchant's past straight from their Stripe account (docs/import.md).

Here are the options, the progress and the patience; what is read and stored is workflows/importing's.
"""

import asyncio
import csv
import os
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed
from integrations.accounts import open_stripe
from models.database import single_connection
from workflows.billing.gateway import GatewayBusy
from workflows.engine.actor import Actor
from workflows.importing.account import run as account_run
from workflows.importing.account.rows import RefusedObject
from workflows.importing.account.run import AccountRefused, Run
from workflows.importing.account.source import Account
from workflows.importing.account.steps import take_step
from workflows.importing.run import KINDS
from workflows.importing.shapes import ImportUnderWay
from workflows.marketplaces.marketplace import find_marketplace
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import InDoubt, NotFound, WorkflowError

SOME_REFUSED, NOTHING_DONE, BROKEN_OFF = 1, 2, 3  # exit statuses
_BY = Actor("import", "stripe")
_DEFAULT_DATA = ROOT / ".data"
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0)  # seconds between tries of one step: a short outage is sat out


class BrokenOff(Exception):
    """Raised when an import cannot go on now; what it did is kept."""


@dataclass(frozen=True)
class ImportOptions:
    """What was asked for on the command line."""

    marketplace: str
    dry_run: bool = False
    take_over: bool = False
    resume: bool = False
    restart: bool = False


def import_stripe(
    marketplace: Annotated[str, typer.Option(help="The slug of the marketplace to import into.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,  # noqa: FBT002 - Typer's way
    take_over: Annotated[  # noqa: FBT002
        bool, typer.Option("--take-over", help="Have Stripe stop charging its subscriptions; Gatehouse charges them.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an import was broken off.")] = False,  # noqa: FBT002
    restart: Annotated[bool, typer.Option("--restart", help="Give up the one broken off, begin again.")] = False,  # noqa: FBT002
    report: Annotated[Path | None, typer.Option(help="Write refused rows to this CSV file, not to stderr.")] = None,
    data: Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")] = _DEFAULT_DATA,
) -> None:
    """Import customers, prices, subscriptions and charges from the account of STRIPE_SECRET_KEY (docs/import.md).

    Doing it again changes nothing. Subscriptions that Stripe still charges are left to it, unless --take-over is given.
    Exit status 1: some were refused; 2: nothing was done; 3: broken off, go on with --resume.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    wanted = ImportOptions(marketplace, dry_run=dry_run, take_over=take_over, resume=resume, restart=restart)
    try:
        with ExitStack() as held:
            url = held.enter_context(database_at_hand(as_typed(data)))
            reporter = held.enter_context(_reporter(console, as_typed(report) if report else None))
            run = asyncio.run(_run(url, wanted, reporter))
    except (AccountRefused, ImportUnderWay, NotFound, NoDatabase, ServerFailed, ValueError, OSError) as refusal:
        reason = f"there is no marketplace {marketplace}" if isinstance(refusal, NotFound) else str(refusal)
        console.print(f"Nothing was imported: {reason}", style="red", markup=False)
        raise typer.Exit(NOTHING_DONE) from None
    except (BrokenOff, KeyboardInterrupt) as end:
        console.print(f"Broken off{f': {end}' if str(end) else ''}. Go on with --resume.", style="red", markup=False)
        raise typer.Exit(BROKEN_OFF) from None
    _show(run)
    if any(tally.get("refused") for tally in run.progress.values()):
        raise typer.Exit(SOME_REFUSED)


class _Reporter:
    """Tells of progress (on a terminal) and of refused rows."""

    def __init__(self, progress: Progress, report: Any) -> None:
        self._progress = progress
        self._report = report
        self._tasks: dict[str, TaskID] = {}

    def refused(self, row: RefusedObject) -> None:
        """One line for a refused row."""
        if self._report:
            self._report.writerow([row.kind, row.reference, row.column, row.reason])
        else:
            self._progress.console.print(str(row), markup=False)

    def at(self, progress: account_run.Progress) -> None:
        """Moves the bars: what was stored or refused, of what was read."""
        for kind, tally in progress.items():
            if kind not in self._tasks:
                self._tasks[kind] = self._progress.add_task(kind)
            done = sum(tally.get(what, 0) for what in ("new", "unchanged", "refused"))
            self._progress.update(self._tasks[kind], completed=done, total=tally.get("read", 0))


@contextmanager
def _reporter(console: Console, report: Path | None) -> Generator[_Reporter]:
    columns = (TextColumn("{task.description:>13}"), BarColumn(), TextColumn("{task.completed:,} of {task.total:,}"))
    with ExitStack() as held:
        file = held.enter_context(report.open("w", encoding="utf-8", newline="")) if report else None
        writer = csv.writer(file) if file else None
        if writer:
            writer.writerow(["kind", "id", "column", "reason"])
        shown = Progress(*columns, console=console, disable=not console.is_terminal)
        yield _Reporter(held.enter_context(shown), writer)


async def _run(url: str, wanted: ImportOptions, reporter: _Reporter) -> Run:
    async with single_connection(url):
        marketplace = await find_marketplace(wanted.marketplace)
        key, api_base = os.environ.get("STRIPE_SECRET_KEY", ""), os.environ.get("STRIPE_API_BASE", "")
        account = open_stripe(key, api_base, marketplace.id)
        run = await run_wanted(marketplace, wanted)
        return await drive(run, account, reporter.refused, reporter.at)


async def run_wanted(marketplace: Marketplace, wanted: ImportOptions) -> Run:
    """The import to work on: the one broken off, or a new one. Raises AccountRefused, ImportUnderWay."""
    begun = await account_run.run_under_way(marketplace.id)
    if wanted.resume:
        if begun is None:
            raise AccountRefused("there is no import to go on with")
        if (wanted.take_over and not begun.take_over) or (wanted.dry_run and not begun.dry_run):
            raise AccountRefused("the import to go on with was begun otherwise: --restart begins again")
        return begun
    if begun is not None and not wanted.restart:
        raise ImportUnderWay(
            f"an import that began at {begun.started_at:%Y-%m-%d %H:%M} UTC is under way or was broken off:"
            " --resume goes on with it, --restart begins again"
        )
    if begun is not None:
        await account_run.stop(marketplace.id, begun.id, _BY)
    return await account_run.begin(
        marketplace, "stripe", dry_run=wanted.dry_run, take_over=wanted.take_over, by=_BY, in_background=False
    )


async def drive(
    run: Run,
    account: Account,
    refused: Callable[[RefusedObject], None],
    at: Callable[[account_run.Progress], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Run:
    """Takes an import's steps to its end, waiting where Stripe asks to or is silent. Raises BrokenOff."""
    while run.ended_at is None:
        for seconds in (*_PAUSES, None):
            try:
                run = await take_step(run, account, told=refused, watch=at)
                break
            except InDoubt as doubt:
                if seconds is None:
                    raise BrokenOff(str(doubt)) from None
                asked = doubt.retry_after if isinstance(doubt, GatewayBusy) else None
                await pause(max(seconds, asked or 0))
            except WorkflowError as refusal:
                raise BrokenOff(str(refusal)) from None
        at(run.progress)
    return run


def _show(run: Run) -> None:
    table = Table("", "new", "unchanged", "refused", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for kind in (each.name for each in KINDS):
        tally = run.progress.get(kind, {})
        table.add_row(kind, *(f"{tally.get(what, 0):,}" for what in ("new", "unchanged", "refused")))
    console = Console(highlight=False)
    console.print(table)
    theirs = run.progress.get("subscriptions", {}).get("led_there", 0)
    if theirs and not run.take_over:
        console.print(
            f"Stripe still charges {theirs:,} subscriptions, and was left to: nobody is charged twice. When the rest"
            " looks right, import with --take-over: Stripe stops charging them, and Gatehouse begins."
        )
    if run.dry_run:
        console.print("A dry run: everything was checked, nothing was changed, here or at Stripe.")
