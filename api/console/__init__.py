"""Staff by API under /api/v1/console: getting in as the console's pages do it, and what is a person's own.

What staff do for the marketplace is under /api/v1 itself (api/merchant), open to their session tokens and to API keys.
"""

from litestar import Router
from litestar.di import Provide

from api.console.account import AccountRoutes
from api.console.second_factor import SecondFactorRoutes
from api.console.sign_in import StartStaffSession
from api.portal.access import AccessLinks, StaffSessions
from api.requests.credentials import needs_staff, provide_console, provide_signed_in_staff

_SIGNED_IN = {"signed_in": Provide(provide_signed_in_staff)}

CONSOLE_ROUTES = [
    Router(
        "/console",
        route_handlers=[AccessLinks, StartStaffSession],
        dependencies={"entrance": Provide(provide_console)},
        tags=["Console: getting in"],
    ),
    Router(
        "/console",
        route_handlers=[StaffSessions],
        dependencies=_SIGNED_IN,
        tags=["Console: getting in"],
        security=[{"staff_session": []}],
    ),
    Router(
        "/console",
        route_handlers=[AccountRoutes, SecondFactorRoutes],
        dependencies=_SIGNED_IN,
        guards=[needs_staff],
        tags=["Console: one's own account"],
        security=[{"staff_session": []}],
    ),
]
