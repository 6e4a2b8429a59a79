"""`./gatehouse audit`: exports of the log, their verification, proofs, checkpoints and the keys that sign them."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, chdir
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, TypeVar, cast
from uuid import UUID

import typer

from cli.audit_keys import app as keys
from cli.audit_retire import command as retire
from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed, to_be_written
from models.database import close_pool, open_pool
from workflows.audit.export.export import ExportRequest, export, marketplaces_to_export
from workflows.audit.export.inclusion import prove_consistency, prove_row, published_lines
from workflows.audit.export.lines import Form
from workflows.audit.export.request import in_utc, read_entity, read_row
from workflows.audit.proof.signing import KeyUnusable
from workflows.runtime.errors import InvalidInput, NotFound

answer = TypeVar("answer")

NOT_DONE = 2  # exit status: what was asked for cannot be
_PACKED_BY = 1  # gzip's level: half of a row is hashes, which the higher ones pack no better
_DEFAULT_DATA = ROOT / ".data"

_Data = Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")]
_Output = Annotated[Path, typer.Option(help="The file to write.")]
_One = Annotated[str | None, typer.Option("--marketplace", help="By its slug; needed where there are several.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The log's exports and proofs.")
app.add_typer(keys, name="key")
app.command("retire")(retire)


@app.command("export")
def write_export(
    output: Annotated[Path, typer.Option(help="Its ending says the form: .ndjson or .csv, .gz behind it to pack.")],
    marketplace: Annotated[list[str] | None, typer.Option(help="By slug, several times; all unless said.")] = None,
    since: Annotated[datetime | None, typer.Option(help="UTC. Whole checkpoints that touch the range.")] = None,
    until: Annotated[datetime | None, typer.Option(help="UTC.")] = None,
    entity: Annotated[str | None, typer.Option(help="One entity's rows, proven: MACHINE/ID.")] = None,
    data: _Data = _DEFAULT_DATA,
) -> None:
    """Write the log with its proof to a file, for `audit verify` and for others to keep."""
    form = _form(output)
    of_one = _read(read_entity, entity) if entity is not None else None
    wanted = ExportRequest(since=in_utc(since), until=in_utc(until), entity=of_one)

    async def write() -> int:
        ids = await marketplaces_to_export(list(dict.fromkeys(marketplace or [])))
        return await _write(to_be_written(output), export(form, ids, wanted))

    written = _with_database(data, write)
    typer.echo(f"{as_typed(output)}: {written} bytes")


@app.command(
    "verify", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def verify(context: typer.Context) -> None:
    """Check an export or a proof: FILE [--key PUBLIC] [--checkpoints FILE]. No database, no network."""
    from verifier.__main__ import main

    with chdir(as_typed(Path())):  # files are named from there, after "--key=" too
        raise typer.Exit(main(list(context.args)))


@app.command("proof")
def proof(
    row: Annotated[str, typer.Argument(help="MACHINE/ID/SEQ, as exports and pages call it.")],
    output: _Output,
    marketplace: _One = None,
    data: _Data = _DEFAULT_DATA,
) -> None:
    """Write the proof that one row is under a checkpoint."""
    asked = _read(read_row, row)
    _write_lines(data, output, marketplace, lambda own: prove_row(own, *asked))


@app.command("consistency")
def consistency(
    older: Annotated[int, typer.Argument(help="Number of a checkpoint.")],
    newer: Annotated[int, typer.Argument(help="Number of a later one.")],
    output: _Output,
    marketplace: _One = None,
    data: _Data = _DEFAULT_DATA,
) -> None:
    """Write the proof that a checkpoint's tree begins with that of an earlier one."""
    _write_lines(data, output, marketplace, lambda own: prove_consistency(own, older, newer))


@app.command("checkpoints")
def checkpoints(output: _Output, marketplace: _One = None, data: _Data = _DEFAULT_DATA) -> None:
    """Write all keys and checkpoints as they are published, for somebody to hold."""
    _write_lines(data, output, marketplace, published_lines)


def _write_lines(
    data: Path, output: Path, marketplace: str | None, lines: Callable[[UUID], Awaitable[list[bytes]]]
) -> None:
    async def write() -> None:
        ids = await marketplaces_to_export([marketplace] if marketplace else [])
        if len(ids) != 1:
            raise InvalidInput({"marketplace": "There are several: name one with --marketplace."})
        to_be_written(output).write_bytes(b"".join(await lines(ids[0])))

    _with_database(data, write)
    typer.echo(str(as_typed(output)))


async def _write(file: Path, pieces: AsyncGenerator[bytes]) -> int:
    """Writes the pieces as they come; a file that is there under its name is whole."""
    unfinished = file.with_name(f"{file.name}.part")
    written = 0
    try:
        with _opened(unfinished, packed=file.name.endswith(".gz")) as output:
            async with aclosing(pieces):
                async for piece in pieces:
                    await asyncio.to_thread(output.write, piece)
                    written += len(piece)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _opened(file: Path, *, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "wb", _PACKED_BY)) if packed else file.open("wb")


def _form(file: Path) -> Form:
    plain = file.name.removesuffix(".gz")
    if plain.endswith(".ndjson"):
        return "ndjson"
    if plain.endswith(".csv"):
        return "csv"
    raise typer.BadParameter("the file's name ends in .ndjson or .csv, or either with .gz behind it")


def _read(read: Callable[[str], answer], text: str) -> answer:
    try:
        return read(text)
    except InvalidInput as refusal:
        raise typer.BadParameter(str(refusal)) from None


def _with_database(data: Path, act: Callable[[], Awaitable[answer]]) -> answer:
    async def run(url: str) -> answer:
        await open_pool(url, min_size=1, max_size=4)
        try:
            return await act()
        finally:
            await close_pool()

    try:
        with database_at_hand(as_typed(data)) as url:
            return asyncio.run(run(url))
    except (InvalidInput, KeyUnusable, NoDatabase, NotFound, ServerFailed, OSError) as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(NOT_DONE) from None
