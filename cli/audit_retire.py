"""`./gatehouse audit retire`: months of the log that need not be here any more are exported, proven and dropped.

Without --drop it changes nothing and says what it would do. Exit status: 0 done, 1 a month may not go yet (the reason
is told), 2 the command line, the key or the database is at fault.
"""

import asyncio
import gzip
import os
from collections.abc import Generator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from cli.paths import as_typed
from models.database import close_pool, open_pool, single_connection
from verifier.findings import PROVEN
from verifier.verify import verify
from workflows.audit.export.export import ExportRequest, export
from workflows.audit.export.retire import (
    Contents,
    Month,
    NotRetirable,
    contents_of,
    drop,
    marketplaces_in,
    months_over,
    rows_not_sealed,
    summed,
)
from workflows.audit.proof.signing import KeyUnusable, known_keys
from workflows.runtime.clock import now
from workflows.runtime.settings import MOST_KEPT_MONTHS, settings

KEPT, NOT_DONE = 1, 2  # exit status
_LAST = timedelta(microseconds=1)


def command(
    output: Annotated[Path, typer.Option(help="The folder for the exports: one file a month. Keep them.")],
    *,
    months: Annotated[
        int | None,
        typer.Option(help="Full months to keep; LOG_KEPT_MONTHS unless said.", min=1, max=MOST_KEPT_MONTHS),
    ] = None,
    dropping: Annotated[bool, typer.Option("--drop", help="Export, prove, drop; else only say so.")] = False,
) -> None:
    """Drop months of the log that are exported, sealed and proven; needs OWNER_DATABASE_URL to drop."""
    url, owner_url = os.environ.get("DATABASE_URL"), os.environ.get("OWNER_DATABASE_URL")
    if not url or (dropping and not owner_url):
        raise typer.BadParameter("set DATABASE_URL, and OWNER_DATABASE_URL to drop: the application cannot")
    before = start_of_kept(now(), months or settings().log_kept_months)
    try:
        kept = asyncio.run(retire(url, owner_url or "", as_typed(output), before, dropping=dropping))
    except (KeyUnusable, OSError) as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(NOT_DONE) from None
    if kept:
        raise typer.Exit(KEPT)


def start_of_kept(at: datetime, months: int) -> datetime:
    """When the oldest month begins of so many full ones before that of `at`.

    >>> start_of_kept(datetime(2026, 11, 26, tzinfo=UTC), 13).isoformat()
    '2025-10-01T00:00:00+00:00'
    """
    passed = at.year * 12 + at.month - 1 - months
    return datetime(passed // 12, passed % 12 + 1, 1, tzinfo=UTC)


async def retire(url: str, owner_url: str, folder: Path, before: datetime, *, dropping: bool) -> bool:
    """Goes through the months that ended before that instant, the oldest first; answers whether one had to stay."""
    await open_pool(url, min_size=1, max_size=4)
    try:
        due = await months_over(before)
        if not due:
            typer.echo("No month of the log is due.")
        for month in due:
            try:
                await _retire_one(month, owner_url, folder, dropping=dropping)
            except NotRetirable as reason:
                typer.echo(str(reason), err=True)
                return True
    finally:
        await close_pool()
    return False


async def _retire_one(month: Month, owner_url: str, folder: Path, *, dropping: bool) -> None:
    if unsealed := await rows_not_sealed(month):
        raise NotRetirable(f"{month.name}: {unsealed} rows are not sealed yet; it stays.")
    held, file = await contents_of(month), folder / f"{month.name}.ndjson.gz"
    if not dropping:
        typer.echo(f"{month.name}: {held.rows} rows, all sealed; --drop would write {file} and drop it.")
        return
    if held.rows:
        if not _is_there(file):
            await _export(month, file)
        await _prove(month, file, held)
    async with single_connection(owner_url):
        await drop(month, held)
    typer.echo(f"{month.name}: {held.rows} rows dropped; they are in {file}." if held.rows else f"{month.name}: empty.")


def _is_there(file: Path) -> bool:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.exists()


async def _export(month: Month, file: Path) -> None:
    """Writes a month's file."""
    unfinished = file.with_name(f"{file.name}.part")
    wanted = ExportRequest(since=month.from_at, until=month.to_at - _LAST)
    with gzip.open(unfinished, "wb", 1) as output:
        async with aclosing(export("ndjson", await marketplaces_in(month), wanted)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(output.write, piece)
    unfinished.rename(file)


async def _prove(month: Month, file: Path, held: Contents) -> None:
    """The file is proven by the verifier, which knows nothing of ours, and holds the month's rows, all of them."""
    keys = await known_keys()
    key = keys[-1].public_key if keys else None
    report = await asyncio.to_thread(verify, file, key)
    if report.status != PROVEN:
        found = report.first.says if report.first else "it is not authenticated"
        raise NotRetirable(f"{month.name}: {file} is not proven ({found}); nothing is dropped.")
    if await asyncio.to_thread(_exported, month, file) != held:
        raise NotRetirable(f"{month.name}: {file} holds other rows than the month; nothing is dropped.")


def _exported(month: Month, file: Path) -> Contents:
    return summed(_hashes_in(month, file))


def _hashes_in(month: Month, file: Path) -> Generator[bytes]:
    with gzip.open(file, "rb") as lines:
        for line in lines:
            if not line.startswith(b'{"type":'):
                row: Any = msgspec.json.decode(line)
                if month.from_at <= datetime.fromisoformat(row["at"]) < month.to_at:
                    yield bytes.fromhex(row["hash"])
