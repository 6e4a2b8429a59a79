"""Which marketplace: found by the slug in a URL or by its id, and what its staff may change of it.

The portal's own settings are declared in workflows/marketplaces/portal_settings.py. The slug, and with it the Login
URL, never changes.
"""

import re
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from email_validator import EmailNotValidError, validate_email
from msgspec import UNSET, UnsetType

from models.database import execute, fetch_one, transaction
from workflows.engine.actor import Actor
from workflows.languages.formatting import CURRENCIES
from workflows.languages.locales import LANGUAGES
from workflows.languages.place_names import COUNTRIES
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.colors import accent_problem
from workflows.marketplaces.gateway_choice import gateway_columns, gateway_problem
from workflows.marketplaces.invoice_prefix import prefix_clashes
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.attempt import note_marketplace
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput, NotFound
from workflows.runtime.settings import settings

MARKETPLACE_COLUMNS = ", ".join(
    "extract(epoch FROM clock_offset)::float8 AS clock_offset_seconds" if name == "clock_offset_seconds" else name
    for name in Marketplace.__struct_fields__
)

_WHOLE = 10_000  # basis points
_TIME_ZONES = frozenset(available_timezones())
_NULLABLE = ("support_email", "tax_id", "accent_color")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # line feeds are fine in an address


class MarketplaceChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; a field left out stays as it is. `support_email`, `tax_id` and
    `accent_color` can be emptied with null.

    Tax is for invoices from now on: `tax_basis_points` (1900 is 19 %) is the rate that prices include, null to say
    nothing about tax. `reverse_charge`: businesses with a VAT id of another EU country owe it instead. `tax_note`
    stands on every invoice: why no tax is asked for, say.
    """

    name: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    support_email: str | UnsetType | None = UNSET
    country: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    invoice_prefix: str | UnsetType = UNSET
    tax_id: str | UnsetType | None = UNSET
    tax_basis_points: int | UnsetType | None = UNSET
    reverse_charge: bool | UnsetType = UNSET
    tax_note: str | UnsetType = UNSET
    accent_color: str | UnsetType | None = UNSET
    gateway: str | UnsetType = UNSET


class MarketplaceShown(msgspec.Struct, frozen=True, kw_only=True):
    """The marketplace as its staff see it. `slug` and `login_url` can never be edited."""

    slug: str
    login_url: str
    name: str
    address: str
    support_email: str | None
    country: str
    time_zone: str
    currency: str
    language: str
    invoice_prefix: str
    tax_id: str | None
    tax_basis_points: int | None
    reverse_charge: bool
    tax_note: str
    accent_color: str | None  # like "#0a7f5a"; None: ours
    sandbox: bool
    gateway: str
    logo: str | None  # its path on this host


async def find_marketplace(slug: str) -> Marketplace:
    """The marketplace of that slug, whatever text came. Raises NotFound."""
    found = await _one("slug = $1", slug)
    note_marketplace(found.id)
    return found


async def marketplace_by_id(marketplace_id: UUID) -> Marketplace:
    """The marketplace of that id. Raises NotFound."""
    return await _one("id = $1", marketplace_id)


async def locked_marketplace(marketplace_id: UUID) -> Marketplace:
    """The same, nobody else changing it until the caller's transaction ends. Raises NotFound."""
    return await _one("id = $1 FOR NO KEY UPDATE", marketplace_id)


async def _one(where: str, value: object) -> Marketplace:
    if isinstance(value, str) and "\0" in value:  # PostgreSQL's text cannot hold it
        raise NotFound("no such marketplace")
    found = await fetch_one(Marketplace, f"SELECT {MARKETPLACE_COLUMNS} FROM marketplace WHERE {where}", value)
    if found is None:
        raise NotFound("no such marketplace")
    return found


def login_url(marketplace: Marketplace) -> str:
    """The Login URL, from the configured public URL and the slug."""
    return f"{settings().public_url}/portal/{marketplace.slug}"


def marketplace_shown(marketplace: Marketplace) -> MarketplaceShown:
    """A marketplace that was read already, as its staff see it."""
    digest = marketplace.logo_digest
    ours = {"login_url": login_url(marketplace), "logo": f"/logos/{digest}" if digest else None}
    same = {name: getattr(marketplace, name) for name in MarketplaceShown.__struct_fields__ if name not in ours}
    return MarketplaceShown(**ours, **same)


async def change_marketplace(
    marketplace_id: UUID, change: MarketplaceChange, by: Actor, expected: frozenset[str] | None = None
) -> Marketplace:
    """Changes what was given and answers with the marketplace as it is now.

    Raises InvalidInput naming every field that breaks its rule (nothing is changed then), NotFound, and
    ChangedMeanwhile when it is none of the `expected` versions. When a gateway may change is said in gateway_choice.py.
    """
    given = cleaned(change)
    if problems := {name: problem for name, value in given.items() if (problem := _problem(name, value))}:
        raise InvalidInput(problems)
    async with transaction():
        before = marketplace_shown(await locked_marketplace(marketplace_id))
        check_version(before, expected)
        if "gateway" in given:
            given |= await gateway_columns(marketplace_id, given["gateway"])
        if given:
            await set_columns(marketplace_id, given)
        after = await marketplace_by_id(marketplace_id)
        was, is_ = msgspec.structs.asdict(before), msgspec.structs.asdict(marketplace_shown(after))
        await record_change(marketplace_id, by, "marketplace", "changed", was, is_)
    return after


def cleaned(change: msgspec.Struct) -> dict[str, Any]:
    """The fields that were given, texts without surrounding space, empty ones of nullable fields as None."""
    given = {name: getattr(change, name) for name in change.__struct_fields__}
    texts = {name: v.strip() if isinstance(v, str) else v for name, v in given.items() if v is not UNSET}
    if isinstance(color := texts.get("accent_color"), str):
        texts["accent_color"] = color.lower()
    return {name: None if v == "" and name in _NULLABLE else v for name, v in texts.items()}


async def set_columns(marketplace_id: UUID, columns: dict[str, Any]) -> None:
    """Writes columns whose names are a Struct's own field names and whose values were checked."""
    assignments = ", ".join(f"{name} = ${position}" for position, name in enumerate(columns, start=2))
    await execute(f"UPDATE marketplace SET {assignments} WHERE id = $1", marketplace_id, *columns.values())


def _problem(name: str, value: Any) -> str | None:  # noqa: C901, PLR0911, PLR0912 - one rule a line
    if not isinstance(value, str):
        return _rate_problem(value)
    if _CONTROL.search(value) or (name != "address" and "\n" in value):
        return "must not contain control characters."
    match name:
        case "name":
            return None if 1 <= len(value) <= 120 else "must have 1 to 120 characters."
        case "address" | "tax_note":
            most = 500 if name == "address" else 200
            return None if len(value) <= most else f"must have at most {most} characters."
        case "support_email":
            return _email_problem(value)
        case "country":
            return None if value in COUNTRIES else "must be a country's two capital letters (ISO 3166-1), e.g. DE."
        case "time_zone":
            return None if value in _TIME_ZONES else "must be a time zone's name, e.g. Europe/Berlin."
        case "currency":
            return None if value in CURRENCIES else "must be a currency's three capital letters (ISO 4217), e.g. EUR."
        case "language":
            return None if value in LANGUAGES else f"must be one of {', '.join(LANGUAGES)}."
        case "invoice_prefix":
            return _prefix_problem(value)
        case "accent_color":
            return accent_problem(value)
        case "gateway":
            return gateway_problem(value)
        case _:
            return None if len(value) <= 60 else "must have at most 60 characters."


def _rate_problem(value: Any) -> str | None:
    if value is None or isinstance(value, bool) or 0 <= value <= _WHOLE:
        return None
    return "must be 0 to 10000 basis points: 1900 is 19 %."


def _prefix_problem(value: str) -> str | None:
    if prefix_clashes(value):
        return "must not end with CN-: the numbers of credit notes have that after the prefix."
    # An invoice's number begins with a letter or digit (models), so its prefix may not begin with a dash.
    fits = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9-]{0,11})?", value)
    return None if fits else "must have at most 12 letters, digits and dashes, and not begin with a dash."


def _email_problem(value: str) -> str | None:
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError as error:
        return f"is not an e-mail address: {error}"
    return None if len(value) <= 254 else "must have at most 254 characters."
