"""The merchant's API under /api/v1, with an API key as bearer token. The key says which marketplace."""

from litestar import Router
from litestar.di import Provide

from api.credentials import provide_api_key, provide_key_marketplace
from api.merchant.differences import Differences
from api.merchant.sandbox import SandboxRoutes
from api.merchant.selling import Selling
from api.merchant.settings import MarketplaceRoutes, PortalSettingsRoutes
from api.merchant.subscriptions import MerchantSubscriptions

MERCHANT_ROUTES = [
    Router(
        "/",
        route_handlers=[
            PortalSettingsRoutes,
            MarketplaceRoutes,
            MerchantSubscriptions,
            Selling,
            Differences,
            SandboxRoutes,
        ],
        dependencies={
            "api_key": Provide(provide_api_key),
            "marketplace": Provide(provide_key_marketplace),
        },
        security=[{"api_key": []}],
    )
]
