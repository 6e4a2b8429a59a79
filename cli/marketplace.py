"""`./gatehouse marketplace create`: a marketplace with its owner and its first API key."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET
from pydantic import ValidationError
from rich.console import Console

from cli.database_at_hand import NoDatabase, database_at_hand
from cli.embedded import ServerFailed
from cli.paths import ROOT, as_typed
from models.database import single_connection
from workflows.marketplaces.marketplace import MarketplaceChange
from workflows.operations.marketplace_setup import NewMarketplace, create_marketplace
from workflows.runtime.errors import InvalidInput

NOT_MADE = 2  # exit status
_DEFAULT_DATA = ROOT / ".data"
_DEFAULT_URL = "http://127.0.0.1:8000"

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False, no_args_is_help=True)


@app.callback()
def marketplace() -> None:
    """Marketplaces of this deployment."""


@app.command()
def create(
    slug: Annotated[str, typer.Option(help="Its part of the Login URL; can never be changed.")],
    name: Annotated[str, typer.Option(help="As customers know it.")],
    owner: Annotated[str, typer.Option(help="The owner's e-mail address.", metavar="EMAIL")],
    currency: Annotated[str | None, typer.Option(help="Three letters, e.g. EUR; USD unless said otherwise.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, e.g. DE; US unless said otherwise.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="E.g. Europe/Berlin; UTC unless said otherwise.")] = None,
    support_email: Annotated[str | None, typer.Option(help="Where customers' answers go.")] = None,
    gateway: Annotated[str, typer.Option(help="sandbox or stripe, which needs STRIPE_SECRET_KEY.")] = "sandbox",
    data: Annotated[Path, typer.Option(help="The demo's folder, used when DATABASE_URL is not set.")] = _DEFAULT_DATA,
) -> None:
    """Make a marketplace with its owner and its first API key, which is shown this once."""
    change = MarketplaceChange(
        name=name,
        currency=currency or UNSET,
        country=country or UNSET,
        time_zone=time_zone or UNSET,
        support_email=support_email or UNSET,
    )
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        with database_at_hand(as_typed(data)) as url:
            made = asyncio.run(_create(url, slug, owner, change, gateway))
    except InvalidInput as refusal:
        for field, problem in refusal.fields.items():
            console.print(f"--{field.replace('_', '-')} {problem}", style="red", markup=False)
        raise typer.Exit(NOT_MADE) from None
    except (NoDatabase, ServerFailed, OSError, ValidationError) as refusal:  # a setting that is missing, by its name
        console.print(str(refusal), style="red", markup=False)
        raise typer.Exit(NOT_MADE) from None
    _show(made)


async def _create(url: str, slug: str, owner: str, change: MarketplaceChange, gateway: str) -> NewMarketplace:
    async with single_connection(url):
        return await create_marketplace(slug, owner, change, gateway=gateway)


def _show(made: NewMarketplace) -> None:
    public_url = os.environ.get("PUBLIC_URL", _DEFAULT_URL).rstrip("/")
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Login URL  {public_url}/portal/{made.marketplace.slug}")
    console.print(f"Console    {public_url}/console/{made.marketplace.slug}")
    console.print(f"API key    {made.api_key}")
    console.print("The key is stored as a digest only: keep it now.")
