"""Apps: what the marketplace has, searchable, each with "Open App" (PRODUCT.md 3.1)."""

from typing import NamedTuple

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.console.answers import show_page
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext


class App(NamedTuple):
    """An app: its name, what it does, and the path of its settings under /console/{slug}."""

    name: str
    says: str
    path: str


APPS = (
    App(
        "Customer Portal",
        "Customers see and cancel subscriptions, replace cards, download invoices.",
        "apps/customer-portal",
    ),
    App(
        "Subscription Saver",
        "Failed charges are retried by a policy and won back.",
        "saver",
    ),
)


class AppPages(Controller):
    """The list of apps."""

    @route("/apps", http_method=["GET", "HEAD"], act="settings.read")
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Those whose name or description holds every word that was searched for."""
        search = request.query_params.get("search", "").strip()[:100]
        words = search.lower().split()
        found = [app for app in APPS if all(word in f"{app.name} {app.says}".lower() for word in words)]
        return show_page(request, visit, "apps", "apps", search=search, apps=found)
