"""`gatehouse load-demo`: the demo marketplace, made of real purchases (demo/README.md) and invented people around them.

Runs as the application's role. Loading again completes what is missing and leaves alone what people changed since.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.demo.api_key import demo_key, keep_key
from cli.demo.catalogue import FILE
from cli.demo.dates import later
from cli.demo.logo import demo_logo
from cli.demo.payments import pay_everything
from cli.demo.people import DOMAIN, LONG_HISTORY_CUSTOMER, PEOPLE, SOCIAL_LINKS, STAFF, Person
from cli.demo.rows import SAMPLE_PREFIX, sources, subscription_reference
from cli.import_cdnow import CdnowShop, cdnow_sources
from cli.paths import ROOT, as_typed
from integrations.gateways import gateway_for
from models.database import close_pool, fetch, fetch_value, open_pool, transaction
from workflows.access_tokens.sites import CONSOLE
from workflows.billing.gateway import Card, CardDetails
from workflows.engine.actor import Actor
from workflows.importing.csv_rows import CsvRows
from workflows.importing.kind import Kind
from workflows.importing.products import PRODUCTS
from workflows.importing.run import Watcher, run_import
from workflows.importing.shapes import Source
from workflows.invoices.documents import request_document
from workflows.marketplaces.logos import set_logo
from workflows.marketplaces.marketplace import MarketplaceChange, find_marketplace, login_url
from workflows.marketplaces.portal_settings import PortalSettingsChange
from workflows.marketplaces.portal_settings_change import change_portal_settings
from workflows.marketplaces.tenant import Marketplace
from workflows.operations.marketplace_setup import SET_UP, NewMarketplace, add_staff, create_marketplace
from workflows.runtime.errors import NotFound
from workflows.runtime.settings import settings

SLUG = "demo"
SAMPLE = ROOT / "demo" / "cdnow_sample.txt"
KEY_FILE = "demo-api.key"


class Part(StrEnum):
    """What is loaded: the people, which takes seconds, and the sample's purchases, which take longer."""

    PEOPLE = "people"
    PURCHASES = "purchases"


def load_demo(
    output: Annotated[Path, typer.Option(help="Where to write what demo.json tells.")],
    part: Annotated[Part | None, typer.Option(help="Load this part only.")] = None,
) -> None:
    """Load the demo marketplace into the database in DATABASE_URL, or complete it."""
    facts = asyncio.run(_load(as_typed(output).parent / KEY_FILE, part))
    _write(facts, as_typed(output))


def _write(facts: dict[str, Any], output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds an API key
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(facts, indent=2) + "\n")


async def _load(key_file: Path, part: Part | None) -> dict[str, Any]:
    await open_pool(settings().database_url, min_size=1, max_size=4)
    try:
        marketplace = await _marketplace(key_file)
        if part is not Part.PURCHASES:
            await load_people(marketplace)
        if part is not Part.PEOPLE:
            await load_purchases(marketplace)
        return facts_of(marketplace, await demo_key(marketplace, key_file))
    finally:
        await close_pool()


def facts_of(marketplace: Marketplace, api_key: str) -> dict[str, Any]:
    """What demo.json tells."""
    public_url = settings().public_url
    return {
        "login_url": login_url(marketplace),
        "console_url": CONSOLE.url(marketplace.slug),
        "inbox_url": f"{public_url}/inbox",
        "api_url": f"{public_url}/api/v1",
        "api_key": api_key,
        "staff": dict(STAFF),
        "customers": {person.persona: person.email for person in PEOPLE},
    }


async def _marketplace(key_file: Path) -> Marketplace:
    try:
        return await find_marketplace(SLUG)
    except NotFound:
        made = await make_marketplace()
        keep_key(made.api_key, key_file)
        return made.marketplace


async def make_marketplace() -> NewMarketplace:
    """Harbour Records, with its staff and logo. Self-cancellation and every part of the contact page are on, which the
    article's defaults are not: a demo should show them."""
    facts = MarketplaceChange(
        name="Harbour Records",
        address="4 Custom House Wharf\nPortland, ME 04101\nUnited States",
        support_email=f"support@{DOMAIN}",
        time_zone="America/New_York",
        invoice_prefix="HR-",
        tax_id="US 01-0420420",
    )
    shown = PortalSettingsChange(
        self_cancellation=True, show_address=True, show_support_email=True, social_links=list(SOCIAL_LINKS)
    )
    async with transaction():
        made = await create_marketplace(SLUG, STAFF["owner"], facts, owner_name="Olive Owner")
        for role in ("support", "analyst", "auditor"):
            await add_staff(made.marketplace.id, STAFF[role], role, f"{role.title()} of Harbour Records")
        await change_portal_settings(made.marketplace.id, shown, SET_UP)
        await set_logo(made.marketplace.id, "image/png", demo_logo(), SET_UP)
        return NewMarketplace(marketplace=await find_marketplace(SLUG), api_key=made.api_key)


async def load_people(marketplace: Marketplace) -> None:
    """The products, and the invented people with their subscriptions and payments: what the first pages show."""
    with FILE.open("rb") as products:
        await _import(marketplace, [(PRODUCTS, CsvRows(FILE.name, products, PRODUCTS.required, PRODUCTS.optional))])
    await _load_people(marketplace, [person for person in PEOPLE if person.cdnow is None])


async def load_purchases(marketplace: Marketplace) -> None:
    """The sample's purchases, the person among its customers, and the PDFs of that person's invoices."""
    shop = CdnowShop(prefix=SAMPLE_PREFIX, domain=DOMAIN, later=later(await _made_at(marketplace)))
    await _import(marketplace, cdnow_sources(SAMPLE, shop))
    await _load_people(marketplace, [person for person in PEOPLE if person.cdnow is not None])
    await _ask_for_documents(marketplace)


async def _load_people(marketplace: Marketplace, people: Sequence[Person]) -> None:
    made_at = await _made_at(marketplace)
    cards = await _new_cards(marketplace, people, made_at)
    await _import(marketplace, sources(marketplace, people, cards, made_at))
    await pay_everything(marketplace, people, made_at)


async def _made_at(marketplace: Marketplace) -> datetime:
    return await fetch_value("SELECT created_at FROM marketplace WHERE id = $1", marketplace.id)


async def _import(marketplace: Marketplace, found: Sequence[tuple[Kind[Any], Source]]) -> None:
    # On a second start a row may differ from what a person made of it since: said, and left alone.
    watcher = Watcher(refused=lambda row: print(row, file=sys.stderr), read=lambda _: None)
    await run_import(marketplace, found, watcher, dry_run=False)


async def _new_cards(marketplace: Marketplace, people: Sequence[Person], made_at: datetime) -> dict[str, Card]:
    """A card at the gateway for each subscription that is not there yet, by its reference."""
    references = {
        subscription_reference(person, place): subscribed
        for person in people
        for place, subscribed in enumerate(person.subscribed, 1)
    }
    known = await fetch(
        "SELECT reference FROM subscription WHERE marketplace_id = $1 AND reference = ANY($2)",
        marketplace.id,
        list(references),
    )
    cards: dict[str, Card] = {}
    for reference in references.keys() - {row["reference"] for row in known}:
        expires = made_at + timedelta(days=references[reference].card_expires_in)
        details = CardDetails(number=references[reference].card, exp_month=expires.month, exp_year=expires.year)
        cards[reference] = await gateway_for(marketplace.gateway).take_card(details)
    return cards


async def _ask_for_documents(marketplace: Marketplace) -> None:
    """Asks for what is rendered on request only: the imported invoices of the one with the long history."""
    invoices = await fetch(
        "SELECT invoice.id FROM invoice JOIN customer ON customer.marketplace_id = $1"
        " AND customer.id = invoice.customer_id WHERE invoice.marketplace_id = $1 AND customer.reference = $2"
        " AND NOT EXISTS (SELECT FROM document WHERE document.marketplace_id = $1"
        " AND document.invoice_id = invoice.id) ORDER BY invoice.issued_at",
        marketplace.id,
        f"{SAMPLE_PREFIX}-{LONG_HISTORY_CUSTOMER}",
    )
    for invoice in invoices:
        await request_document(marketplace.id, invoice["id"], Actor("import", "demo"))
