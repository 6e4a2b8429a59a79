"""General (PRODUCT.md 3.3): the marketplace itself, as its customers, e-mails and invoices name it, and its logo."""

import re
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.console.answers import done, show_page
from web.console.changed import change_entry, differences
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.uploads import MOST_PARTS, read_upload_of
from web.requests.visit import StaffContext
from workflows.languages.locales import LANGUAGES
from workflows.languages.place_names import countries, currencies, time_zones
from workflows.marketplaces.colors import palette
from workflows.marketplaces.logos import FORMATS, LARGEST_UPLOAD, remove_logo, set_logo
from workflows.marketplaces.marketplace import (
    MarketplaceChange,
    MarketplaceShown,
    change_marketplace,
    marketplace_shown,
)
from workflows.marketplaces.named_changes import named_changes
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput

# fmt: off
LABELS = {
    "name":           "Marketplace name",
    "address":        "Marketplace Address",
    "support_email":  "Support Contact",
    "country":        "Country",
    "time_zone":      "Time zone",
    "currency":       "Currency",
    "language":       "Language",
    "invoice_prefix": "Invoice prefix",
    "tax_id":         "Tax ID",
    "tax_rate":       "Tax in prices, in %",
    "reverse_charge": "Reverse charge",
    "tax_note":       "Note on invoices",
    "accent_color":   "Brand color",
}
# fmt: on
_LOGGED = {**LABELS, "tax_basis_points": "Tax, in hundredths of a %", "logo": "Logo", "gateway": "Gateway"}
_RATE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?")
_NO_RATE = -1  # basis points: refused with the other fields
_LARGEST_FORM = 2 * LARGEST_UPLOAD  # bytes: a logo that is too large is told so beside its field


class GeneralPages(Controller):
    """The marketplace, and its logo."""

    @route("/general", http_method=["GET", "HEAD"], act="settings.read")
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """As it is."""
        return await _page(request, visit)

    @post("/general", status_code=303, act="settings.write", stands_on="general")
    async def change(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[Any]:
        """Saves it; 422 with the reasons beside the fields, 409 with what changed when somebody else was faster."""
        form = await read_form_of(request, visit)
        # A browser ends the lines of a text with CR LF.
        typed = {name: form.get(name, "").replace("\r\n", "\n").strip() for name in LABELS}
        expected = frozenset({form.get("version", "")})
        try:
            await change_marketplace(visit.marketplace.id, _change(typed), visit.actor, expected)
        except InvalidInput as refused:
            errors = dict(refused.fields)
            if "tax_basis_points" in errors:
                errors["tax_rate"] = "must be a percentage like 19 or 7.7, or nothing at all."
            return await _page(request, visit, status=422, typed=typed, errors=errors)
        except ChangedMeanwhile as changed:
            return await _page(request, visit, status=409, typed=typed, current=changed.current)
        return done(visit, "general", "Saved. Pages, e-mails and new invoices say so from now on.")

    @post(
        "/general/logo",
        status_code=303,
        act="settings.write",
        stands_on="general",
        request_max_body_size=_LARGEST_FORM,
        multipart_form_part_limit=MOST_PARTS,
    )
    async def set_logo(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[Any]:
        """Keeps the picture of a form; 422 with the reason beside it."""
        try:
            upload = await read_upload_of(request, visit, "logo")
            await set_logo(visit.marketplace.id, upload.media_type, upload.content, visit.actor)
        except InvalidInput as refused:
            return await _page(request, visit, status=422, errors=refused.fields)
        return done(visit, "general", "The logo is changed, in the portal and in e-mails from now on.")

    @post("/general/logo/remove", status_code=303, act="settings.write", stands_on="general")
    async def remove_logo(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[None]:
        """Shows the name alone."""
        await read_form_of(request, visit)
        await remove_logo(visit.marketplace.id, visit.actor)
        return done(visit, "general", "The logo is removed: the name is shown alone.")


def _change(typed: dict[str, str]) -> MarketplaceChange:
    plain = {name: value for name, value in typed.items() if name not in ("tax_rate", "reverse_charge")}
    rate, reverse = _basis_points(typed["tax_rate"]), typed["reverse_charge"] == "yes"
    return MarketplaceChange(**plain, tax_basis_points=rate, reverse_charge=reverse)


def _basis_points(typed: str) -> int | None:
    """`7.7` as 770, nothing as None."""
    if not typed:
        return None
    rate = _RATE.fullmatch(typed.removesuffix("%").rstrip())
    return _NO_RATE if rate is None else int(rate[1]) * 100 + int((rate[2] or "").ljust(2, "0"))


def _percent(basis_points: int | None) -> str:
    return "" if basis_points is None else f"{Decimal(basis_points).scaleb(-2).normalize():f}"


def _as_typed(stored: MarketplaceShown) -> dict[str, str]:
    """The marketplace as its form holds it."""
    texts = {name: value or "" for name, value in msgspec.structs.asdict(stored).items() if name in LABELS}
    reverse = "yes" if stored.reverse_charge else ""
    return texts | {"tax_rate": _percent(stored.tax_basis_points), "reverse_charge": reverse}


async def _page(
    request: WebRequest,
    visit: StaffContext,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    current: Any = None,
) -> Response[str]:
    stored: MarketplaceShown = current or marketplace_shown(visit.marketplace)
    as_it_is = _as_typed(stored)
    shown = typed or as_it_is
    return show_page(
        request,
        visit,
        "marketplaces/general",
        "general",
        status=status,
        typed=shown,
        version=version(stored),
        errors=errors or {},
        differences=differences(shown, as_it_is, LABELS) if current else None,
        labels=LABELS,
        countries=_with(countries(), shown["country"]),
        time_zones=_with(time_zones(), shown["time_zone"]),
        currencies=_with(currencies(), shown["currency"]),
        languages=list(LANGUAGES.items()),
        formats=",".join(FORMATS),
        palette=palette(stored.accent_color),
        login_url=stored.login_url,
        changes=change_entry(await named_changes(visit.marketplace.id, "marketplace"), _LOGGED),
    )


def _with(options: list[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """The options, and what is chosen where it is none of them: it stays chosen until somebody chooses another."""
    return options if any(option == chosen for option, _ in options) else [(chosen, chosen), *options]
