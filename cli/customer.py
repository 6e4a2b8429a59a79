"""`./gatehouse customer export` and `erase`: giving a person their data, and forgetting them.

Exit status: 0 done, 1 not erased (the reason is told), 2 the command line or the database is at fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from rich.console import Console

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed, to_be_written
from models.database import fetch_value, single_connection
from workflows.customers.records import (
    CustomerAmbiguous,
    CustomerRecord,
    find_customer_by_email,
    find_customer_for_sure,
)
from workflows.engine.actor import Actor
from workflows.marketplaces.marketplace import find_marketplace
from workflows.privacy.data_export import customer_archive, customer_data
from workflows.privacy.erasure import ErasureRefused, ErasureShown, erase_customer, look_before_erasing
from workflows.runtime.errors import NotFound

NOT_ERASED, NOT_DONE = 1, 2  # exit status
OPERATOR = Actor("worker", "cli.customer")
_DEFAULT_DATA = ROOT / ".data"
answer = TypeVar("answer")

app = typer.Typer(add_completion=False, help="A customer's data: given to them, or erased.", no_args_is_help=True)
_Customer = Annotated[str, typer.Argument(metavar="EMAIL|NUMBER", help="The customer's e-mail, or number.")]
_Shop = Annotated[str | None, typer.Option("--marketplace", help="Its slug; needed where there are several.")]
_Data = Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")]


@app.command()
def export(
    customer: _Customer,
    output: Annotated[Path, typer.Option(help="A .json file, or a .zip with the PDFs of their invoices.")],
    marketplace: _Shop = None,
    data: _Data = _DEFAULT_DATA,
) -> None:
    """Write all that is here about a person into a file, which only its owner may read."""
    if output.suffix not in (".json", ".zip"):
        typer.echo("--output must end with .json or .zip.", err=True)
        raise typer.Exit(NOT_DONE)

    async def write() -> int:
        shop, found = await _find(marketplace, customer)
        pieces = customer_archive(shop, found) if output.suffix == ".zip" else customer_data(shop, found)
        whole = to_be_written(output)
        unfinished = whole.with_name(whole.name + ".part")
        unfinished.touch(mode=0o600)
        with unfinished.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        unfinished.rename(whole)
        return found.number

    typer.echo(f"All that is here about customer {_with_database(data, write)} is in {output}.")


@app.command()
def erase(
    customer: _Customer,
    marketplace: _Shop = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: erase.")] = False,  # noqa: FBT002 - Typer's way
    data: _Data = _DEFAULT_DATA,
) -> None:
    """Erase a customer for good, after asking: all but invoices, which tax law makes you keep."""

    async def look() -> ErasureShown:
        shop, found = await _find(marketplace, customer)
        return await look_before_erasing(shop, str(found.id))

    async def act() -> ErasureShown:
        shop, found = await _find(marketplace, customer)
        return await erase_customer(shop, str(found.id), OPERATOR)

    seen = _with_database(data, look)
    if seen.erased_at is None and not seen.hindrances and not yes:
        typer.confirm(f"Erase customer {seen.number} for good? {seen.invoices} invoices stay.", abort=True)
    done = _with_database(data, act)
    typer.echo(f"Customer {done.number} is erased. {done.invoices} invoices stay, as tax law demands.")


async def _find(slug: str | None, customer: str) -> tuple[UUID, CustomerRecord]:
    shop = await find_marketplace(slug) if slug else None
    marketplace_id = (
        shop.id if shop else await fetch_value("SELECT min(id::text)::uuid FROM marketplace HAVING count(*) = 1")
    )
    if marketplace_id is None:
        raise NotFound("Say which marketplace: --marketplace SLUG.")
    if "@" in customer:
        return marketplace_id, await find_customer_by_email(marketplace_id, customer)
    return marketplace_id, await find_customer_for_sure(marketplace_id, customer)


def _with_database(data: Path, act: Callable[[], Awaitable[answer]]) -> answer:
    async def run(url: str) -> answer:
        async with single_connection(url):
            return await act()

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with database_at_hand(as_typed(data)) as url:
            return asyncio.run(run(url))
    except ErasureRefused as refusal:
        for hindrance in refusal.hindrances:
            console.print(hindrance, style="red", markup=False)
        raise typer.Exit(NOT_ERASED) from None
    except (NoDatabase, NotFound, CustomerAmbiguous, ServerFailed, OSError) as refusal:
        console.print(str(refusal), style="red", markup=False)
        raise typer.Exit(NOT_DONE) from None
