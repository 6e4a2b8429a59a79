"""The merchant's API under /api/v1, with an API key or a staff session as bearer token, which says whose it is.

Every route declares its act (`opt={"act": "settings.read"}`); the guard holds it against the table of acts.
"""

from litestar import Router
from litestar.di import Provide

from api.merchant.access.api_keys import ApiKeys
from api.merchant.access.team import People
from api.merchant.audit.access_log import Accesses
from api.merchant.audit.invariants import InvariantRoutes
from api.merchant.audit.proof import ProofRoutes
from api.merchant.audit.transitions import Transitions
from api.merchant.billing.differences import Differences
from api.merchant.billing.orders import Selling
from api.merchant.billing.payments import Payments
from api.merchant.billing.products import Products
from api.merchant.billing.sandbox_clock import SandboxRoutes
from api.merchant.billing.saver import SaverRoutes
from api.merchant.billing.subscription_list import SubscriptionList
from api.merchant.billing.subscriptions import MerchantSubscriptions
from api.merchant.customers import Customers
from api.merchant.emails import Emails
from api.merchant.importing import Imports
from api.merchant.invoices import Documents
from api.merchant.settings import MarketplaceRoutes, PortalSettingsRoutes
from api.merchant.webhooks.deliveries import WebhookDeliveries
from api.merchant.webhooks.endpoints import WebhookEndpoints
from api.requests.credentials import may_act, provide_caller, provide_callers_marketplace
from api.requests.etags import provide_expected
from api.requests.idempotency import KeepsAnswers, claim_key, provide_new_id

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
            InvariantRoutes,
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
