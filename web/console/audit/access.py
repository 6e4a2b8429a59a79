"""Who came to the door: refused attempts, acts that were done, and who read the log."""

from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.console.audit.answers import show_audit, typed
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.audit.review.accesses import AccessFilter, AccessPage, list_accesses, read_access_filter
from workflows.requests.pagination import PageRequest
from workflows.runtime.errors import InvalidInput

_NOTHING = AccessPage(accesses=[], after=None, before=None)


class AccessLogPages(Controller):
    """By outcome or by client, and the readings on a page of their own."""

    @route("/audit/access", http_method=["GET", "HEAD"], act="audit.read")
    async def list(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Refusals first of all; 422 with the reason for what cannot be filtered by."""
        return await _list(request, visit, "access", None)

    @route("/audit/readings", http_method=["GET", "HEAD"], act="audit.read")
    async def readings(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Who read the log, and what they filtered by."""
        return await _list(request, visit, "readings", AccessFilter(outcome="read"))


async def _list(request: WebRequest, visit: StaffContext, tab: str, always: AccessFilter | None) -> Response[str]:
    given, filters = request.query_params, typed(request, ("outcome", "client"))
    page, errors, wanted = _NOTHING, dict[str, str](), always or AccessFilter()
    try:
        wanted = always or read_access_filter(given)
        asked = PageRequest(after=given.get("after"), before=given.get("before"))
        page = await list_accesses(visit.marketplace.id, wanted, asked)
    except InvalidInput as refused:
        errors = refused.fields
    shown: dict[str, Any] = {"page": page, "wanted": wanted, "filters": filters, "errors": errors}
    query = urlencode({name: value for name, value in filters.items() if value}) if always is None else ""
    return show_audit(request, visit, tab, tab, status=422 if errors else 200, query=query, **shown)
