"""The Subscription Saver's e-mails among its pages (PRODUCT.md 4.3); the pages of each are those of every e-mail."""

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.console.answers import show_page
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.emails.gallery import one_email

_EMAILS = ("failed_charge", "final_notice")


class SaverEmailPages(Controller):
    """The two e-mails."""

    @route("/saver/texts", http_method=["GET", "HEAD"], act="settings.read")
    async def all(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Which there are, and whose words they have."""
        emails = [await one_email(visit.marketplace, template) for template in _EMAILS]
        return show_page(request, visit, "billing/saver_texts", "apps", emails=emails)
