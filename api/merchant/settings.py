"""The merchant's settings by API: the marketplace itself, its logo, and how its portal behaves."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, put
from litestar.exceptions import ClientException

from api.openapi.responses import BAD_BODY, example, problems
from api.requests.etags import TAGGED, tagged
from api.requests.media_types import UnsupportedMediaType
from api.requests.provided import Asking, Expected, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.marketplaces.logos import FORMATS, LARGEST_UPLOAD, NOT_ONE, remove_logo, set_logo
from workflows.marketplaces.marketplace import (
    MarketplaceChange,
    MarketplaceShown,
    change_marketplace,
    marketplace_shown,
)
from workflows.marketplaces.portal_settings import PortalSettings, PortalSettingsChange
from workflows.marketplaces.portal_settings_change import change_portal_settings, settings_of

_READ = {"act": "settings.read", **TAGGED}
_WRITE = {"act": "settings.write", **TAGGED}
_SETTINGS = {"self_cancellation": True, "social_links": ["https://www.example.com/shop"]}
_GENERAL = {"name": "Ada's Books", "support_email": "help@ada.example", "time_zone": "Europe/Berlin", "currency": "EUR"}


class LogoShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the logo is served, by anybody's browser."""

    logo: str


class PortalSettingsRoutes(Controller):
    """How the portal behaves."""

    path = "/portal-settings"
    tags = ("Settings",)

    @get(opt=_READ, responses=problems(401, 403))
    async def read(self, request: Request[Any, Any, Any], marketplace: OwnMarketplace) -> Response[PortalSettings]:
        """See how the portal behaves."""
        return tagged(request, settings_of(marketplace))

    @patch(
        dto=StrictJSON[PortalSettingsChange],
        return_dto=None,
        opt=_WRITE,
        responses=problems(*BAD_BODY, 401, 403),
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        data: Annotated[PortalSettingsChange, example(_SETTINGS)],
    ) -> Response[PortalSettings]:
        """Change how the portal behaves: what is given, or nothing at all where one field breaks its rule."""
        return tagged(request, await change_portal_settings(caller.marketplace_id, data, caller.actor, expected))


class MarketplaceRoutes(Controller):
    """The marketplace itself."""

    path = "/marketplace"
    tags = ("Settings",)

    @get(opt=_READ, responses=problems(401, 403))
    async def read(self, request: Request[Any, Any, Any], marketplace: OwnMarketplace) -> Response[MarketplaceShown]:
        """See the marketplace."""
        return tagged(request, marketplace_shown(marketplace))

    @patch(
        dto=StrictJSON[MarketplaceChange],
        return_dto=None,
        opt=_WRITE,
        responses=problems(*BAD_BODY, 401, 403),
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        data: Annotated[MarketplaceChange, example(_GENERAL)],
    ) -> Response[MarketplaceShown]:
        """Change the marketplace: what is given, or nothing at all. The name is the sender's name of all e-mails.

        `gateway` is `sandbox`, or `stripe` where the deployment has its key: that makes the marketplace live.
        """
        changed = await change_marketplace(caller.marketplace_id, data, caller.actor, expected)
        return tagged(request, marketplace_shown(changed))

    @put(
        "/logo",
        opt={"act": "settings.write", "reads": tuple(FORMATS)},
        request_max_body_size=LARGEST_UPLOAD,
        responses=problems(400, 401, 403, 413, 415, 422),
    )
    async def set_logo(self, request: Request[Any, Any, Any], caller: Asking) -> LogoShown:
        """Set the logo: the body is the picture, PNG, JPEG, GIF or WebP, under 2 MB."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in FORMATS:
            raise UnsupportedMediaType(f"The logo {NOT_ONE}", headers={"Accept": ", ".join(FORMATS)})
        upload = await request.body()
        if not upload:
            raise ClientException("The body is empty; a picture is expected.")
        logo = await set_logo(caller.marketplace_id, media_type, upload, caller.actor)
        return LogoShown(logo=f"/logos/{logo.digest}")

    @delete("/logo", opt={"act": "settings.write"}, responses=problems(401, 403))
    async def remove_logo(self, caller: Asking) -> None:
        """Remove the logo: the name is shown alone."""
        await remove_logo(caller.marketplace_id, caller.actor)
