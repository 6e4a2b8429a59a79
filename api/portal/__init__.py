"""The customer's API under /api/v1/portal: the same acts as the portal's pages, with a session as bearer token.

No handler takes the marketplace or the customer from the request: the session says both.
"""

from litestar import Router
from litestar.di import Provide

from api.portal.access import AccessLinks, CustomerSessions, StartSession
from api.portal.card_updates import CardUpdates
from api.portal.documents import Documents
from api.portal.history import History
from api.portal.language import Language
from api.portal.subscriptions import Subscriptions
from api.requests.credentials import provide_portal, provide_session_marketplace, provide_signed_in

PORTAL_ROUTES = [
    Router(
        "/portal",
        route_handlers=[AccessLinks],
        dependencies={"entrance": Provide(provide_portal)},
        tags=["Portal: getting in"],
    ),
    Router("/portal", route_handlers=[StartSession, CardUpdates]),
    Router(
        "/portal",
        route_handlers=[CustomerSessions],
        dependencies={"signed_in": Provide(provide_signed_in)},
        tags=["Portal: getting in"],
        security=[{"session": []}],
    ),
    Router(
        "/portal",
        route_handlers=[Subscriptions, History, Language, Documents],
        dependencies={
            "signed_in": Provide(provide_signed_in),
            "marketplace": Provide(provide_session_marketplace),
        },
        security=[{"session": []}],
    ),
]
