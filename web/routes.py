"""Every page, for api/app.py to mount."""

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from web.access.login import LoginPages
from web.access.one_time_link import AccessPages
from web.access.sessions import SessionPages, SignOutPages
from web.audit_redirects import AUDIT_PAGES
from web.console.routes import CONSOLE_PAGES
from web.front_page import start_page
from web.inbox import InboxPages
from web.pages.accents import accent
from web.pages.errors import PAGE_ERRORS
from web.pages.static_files import logo, static_file
from web.portal.billing import BillingPages
from web.portal.cancel import CancelPages
from web.portal.card import CardPages
from web.portal.confirm import ConfirmPages
from web.portal.contact import ContactPages
from web.portal.documents import DocumentPages
from web.portal.hosted_card import HostedCardPages
from web.portal.invoices import InvoicePages
from web.portal.language import LanguagePages
from web.portal.payments import PaymentPages
from web.portal.subscriptions import SubscriptionPages
from web.requests.origin import same_origin
from web.requests.visit import provide_context, provide_site

__all__ = ["LARGEST_FORM", "ROUTES"]

LARGEST_FORM = 16 * 1024  # bytes; the largest honest form (an e-mail address, a card) is under 1 KB

_PORTAL = Router(
    path="/portal/{slug:str}",
    route_handlers=[
        LoginPages,
        AccessPages,
        CardPages,
        HostedCardPages,
        SubscriptionPages,
        CancelPages,
        ConfirmPages,
        PaymentPages,
        InvoicePages,
        DocumentPages,
        BillingPages,
        ContactPages,
        LanguagePages,
        SessionPages,
        SignOutPages,
    ],
    dependencies={"door": Provide(provide_site), "visit": Provide(provide_context)},
)

ROUTES: list[ControllerRouterHandler] = [
    Router(
        path="/",
        route_handlers=[_PORTAL, CONSOLE_PAGES, AUDIT_PAGES, InboxPages, start_page, static_file, logo, accent],
        exception_handlers=PAGE_ERRORS,
        guards=[same_origin],
        request_max_body_size=LARGEST_FORM,
        include_in_schema=False,
    )
]
