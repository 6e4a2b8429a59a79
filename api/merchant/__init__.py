"""The merchant's API under /api/v1, with an API key or a staff session as bearer token, which says whose it is.

Every route declares its act (`opt={"act": "settings.read"}`); the guard holds it against the table of acts.
"""

from litestar import Router
from litestar.di import Provide

from api.credentials import may_act, provide_caller, provide_callers_marketplace
from api.etags import provide_expected
from api.idempotency import KeepsAnswers, claim_key, provide_new_id
from api.merchant.accesses import Accesses
from api.merchant.api_keys import ApiKeys
from api.merchant.customers import Customers
from api.merchant.differences import Differences
from api.merchant.documents import Documents
from api.merchant.emails import Emails
from api.merchant.facts import FactRoutes
from api.merchant.imports import Imports
from api.merchant.payments import Payments
from api.merchant.people import People
from api.merchant.products import Products
from api.merchant.proof import ProofRoutes
from api.merchant.sandbox import SandboxRoutes
from api.merchant.saver import SaverRoutes
from api.merchant.selling import Selling
from api.merchant.settings import MarketplaceRoutes, PortalSettingsRoutes
from api.merchant.subscription_list import SubscriptionList
from api.merchant.subscriptions import MerchantSubscriptions
from api.merchant.transitions import Transitions
from api.merchant.webhook_deliveries import WebhookDeliveries
from api.merchant.webhook_endpoints import WebhookEndpoints

MERCHANT_ROUTES = [
    Router(
        "/",
        route_handlers=[
            PortalSettingsRoutes,
            MarketplaceRoutes,
            MerchantSubscriptions,
            SubscriptionList,
            Customers,
            Products,
            Selling,
            Payments,
            Documents,
            Differences,
            FactRoutes,
            Imports,
            People,
            ApiKeys,
            SandboxRoutes,
            WebhookEndpoints,
            WebhookDeliveries,
            SaverRoutes,
            Emails,
            Transitions,
            Accesses,
            ProofRoutes,
        ],
        dependencies={
            "caller": Provide(provide_caller),
            "marketplace": Provide(provide_callers_marketplace),
            "new_id": Provide(provide_new_id),
            "expected": Provide(provide_expected),
        },
        guards=[may_act],
        before_request=claim_key,
        middleware=[KeepsAnswers],
        security=[{"api_key": []}, {"staff_session": []}],
    )
]
