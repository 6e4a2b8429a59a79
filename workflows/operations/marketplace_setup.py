"""Setting up a marketplace: itself, its owner, its first API key, in one transaction."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from models.database import execute, fetch_value, transaction
from workflows.access.api_keys import create_key
from workflows.billing.dunning.retry_policy import Policy
from workflows.customers.addresses import clean_email
from workflows.engine.actor import Actor
from workflows.marketplaces.gateway_choice import gateway_problem
from workflows.marketplaces.marketplace import MarketplaceChange, change_marketplace
from workflows.marketplaces.portal_settings import DEFAULTS
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import InvalidInput

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)  # as in models
FIRST_KEY = "First key"
DEFAULT_COLUMNS: Mapping[str, Any] = {**DEFAULTS, "dunning_policy": msgspec.to_builtins(Policy())}  # of the row
SET_UP = Actor("import", "set_up")  # whoever sets a marketplace up, from the command line


class NewMarketplace(msgspec.Struct, frozen=True, kw_only=True):
    """A marketplace just made. `api_key` is the only time that it is seen."""

    marketplace: Marketplace
    api_key: str


async def create_marketplace(
    slug: str, owner_email: str, change: MarketplaceChange, *, owner_name: str = "", gateway: str = "sandbox"
) -> NewMarketplace:
    """Makes a marketplace. `change` holds its facts, the name among them; the rest begins with its defaults.

    One whose gateway is the sandbox is a sandbox: no money moves there, and its clock can be moved.
    Raises InvalidInput naming every field that breaks its rule; a slug, which can never be changed, is taken once.
    """
    if not _SLUG.fullmatch(slug):
        raise InvalidInput({"slug": "must be 1 to 63 small letters, digits and dashes, no dash at its ends."})
    owner_email = clean_email(owner_email, "owner")
    if not isinstance(change.name, str):
        raise InvalidInput({"name": "must have 1 to 120 characters."})
    if (problem := gateway_problem(gateway)) is not None:
        raise InvalidInput({"gateway": problem})
    async with transaction():
        marketplace_id = await _insert(slug, gateway)
        marketplace = await change_marketplace(marketplace_id, change, SET_UP)
        await add_staff(marketplace_id, owner_email, "owner", owner_name)
        key = await create_key(marketplace_id, FIRST_KEY)
    return NewMarketplace(marketplace=marketplace, api_key=key.key)


async def _insert(slug: str, gateway: str) -> UUID:
    places = ", ".join(f"${place}" for place in range(3, 3 + len(DEFAULT_COLUMNS)))
    try:
        async with transaction():
            inserted: Any = await fetch_value(
                f"INSERT INTO marketplace (slug, name, gateway, sandbox, {', '.join(DEFAULT_COLUMNS)})"
                f" VALUES ($1, $1, $2, $2 = 'sandbox', {places}) RETURNING id",
                slug,
                gateway,
                *DEFAULT_COLUMNS.values(),
            )
    except asyncpg.UniqueViolationError:
        raise InvalidInput({"slug": "is taken."}) from None
    return inserted


async def add_staff(marketplace_id: UUID, email: str, role: str, name: str = "") -> None:
    """Adds a member of the staff; harmless when the address is one already."""
    await execute(
        "INSERT INTO staff (marketplace_id, email, name, role) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (marketplace_id, lower(email)) WHERE removed_at IS NULL DO NOTHING",
        marketplace_id,
        email,
        name,
        role,
    )
