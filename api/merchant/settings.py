"""The merchant's settings by API: the marketplace itself, its logo, and how its portal behaves."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, delete, get, patch, put
from litestar.exceptions import ClientException

from api.documented import BAD_BODY, example, problems
from api.media_types import UnsupportedMediaType
from api.strict_json import StrictJSON
from workflows.callers import Caller
from workflows.logos import FORMATS, LARGEST_UPLOAD, NOT_ONE, remove_logo, set_logo
from workflows.marketplaces import MarketplaceChange, change_marketplace, login_url
from workflows.portal_settings import PortalSettings, PortalSettingsChange, change_portal_settings, settings_of
from workflows.portal_views import Marketplace

_SETTINGS = {"self_cancellation": True, "social_links": ["https://www.example.com/shop"]}
_GENERAL = {"name": "Ada's Books", "support_email": "help@ada.example", "time_zone": "Europe/Berlin", "currency": "EUR"}


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
    invoice_prefix: str
    tax_id: str | None
    sandbox: bool
    gateway: str
    logo: str | None  # its path on this host


def _shown(marketplace: Marketplace) -> MarketplaceShown:
    digest = marketplace.logo_digest
    ours = {"login_url": login_url(marketplace), "logo": f"/logos/{digest}" if digest else None}
    same = {name: getattr(marketplace, name) for name in MarketplaceShown.__struct_fields__ if name not in ours}
    return MarketplaceShown(**ours, **same)


class LogoShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the logo is served, by anybody's browser."""

    logo: str


class PortalSettingsRoutes(Controller):
    """How the portal behaves."""

    path = "/portal-settings"
    tags = ("Settings",)

    @get(opt={"act": "settings.read"}, responses=problems(401, 403))
    async def read(self, marketplace: Marketplace) -> PortalSettings:
        """The settings as they are."""
        return settings_of(marketplace)

    @patch(
        dto=StrictJSON[PortalSettingsChange],
        return_dto=None,
        opt={"act": "settings.write"},
        responses=problems(*BAD_BODY, 401, 403),
    )
    async def change(self, caller: Caller, data: Annotated[PortalSettingsChange, example(_SETTINGS)]) -> PortalSettings:
        """Change what is given, or nothing at all: one field that breaks its rule refuses the whole change."""
        return await change_portal_settings(caller.marketplace_id, data)


class MarketplaceRoutes(Controller):
    """The marketplace itself."""

    path = "/marketplace"
    tags = ("Settings",)

    @get(opt={"act": "settings.read"}, responses=problems(401, 403))
    async def read(self, marketplace: Marketplace) -> MarketplaceShown:
        """The marketplace as it is."""
        return _shown(marketplace)

    @patch(
        dto=StrictJSON[MarketplaceChange],
        return_dto=None,
        opt={"act": "settings.write"},
        responses=problems(*BAD_BODY, 401, 403),
    )
    async def change(self, caller: Caller, data: Annotated[MarketplaceChange, example(_GENERAL)]) -> MarketplaceShown:
        """Change what is given, or nothing at all. The name is the sender's name of all e-mails.

        `gateway` is `sandbox`, or `stripe` where the deployment has its key: that makes the marketplace live.
        """
        return _shown(await change_marketplace(caller.marketplace_id, data))

    @put(
        "/logo",
        opt={"act": "settings.write", "reads": tuple(FORMATS)},
        request_max_body_size=LARGEST_UPLOAD,
        responses=problems(400, 401, 403, 413, 415, 422),
    )
    async def set_logo(self, request: Request[Any, Any, Any], caller: Caller) -> LogoShown:
        """Set the logo: the body is the picture, PNG, JPEG, GIF or WebP, under 2 MB."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in FORMATS:
            raise UnsupportedMediaType(f"The logo {NOT_ONE}", headers={"Accept": ", ".join(FORMATS)})
        upload = await request.body()
        if not upload:
            raise ClientException("The body is empty; a picture is expected.")
        logo = await set_logo(caller.marketplace_id, media_type, upload)
        return LogoShown(logo=f"/logos/{logo.digest}")

    @delete("/logo", opt={"act": "settings.write"}, responses=problems(401, 403))
    async def remove_logo(self, caller: Caller) -> None:
        """Show the name alone."""
        await remove_logo(caller.marketplace_id)
