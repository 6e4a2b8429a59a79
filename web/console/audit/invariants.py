"""What must always hold, and what was found not to: for auditors and owners (PRODUCT.md 6.6)."""

from typing import get_args

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.console.answers import show_page
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.access.access_log import note_reading
from workflows.audit.invariants import INVARIANTS_BY_NAME
from workflows.audit.invariants.listed import Standing, ViolationPage, list_invariants, list_violations
from workflows.requests.pagination import PageRequest
from workflows.runtime.errors import InvalidInput


class InvariantPages(Controller):
    """One page."""

    opt = {"act": "audit.read"}

    @route("/facts", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Every fact, and the breaches, filtered by the URL. A filter that means nothing is none."""
        asked = request.query_params
        fact = asked.get("fact") if asked.get("fact") in INVARIANTS_BY_NAME else None
        standing: Standing | None = next((one for one in get_args(Standing) if one == asked.get("state")), None)
        note_reading({"page": "facts", **{name: one for name, one in (("fact", fact), ("state", standing)) if one}})
        facts = (await list_invariants(visit.marketplace.id)).facts
        return show_page(
            request,
            visit,
            "audit/facts",
            "facts",
            facts=facts,
            checked_at=max((one.checked_at for one in facts if one.checked_at), default=None),
            broken=sum(one.open_breaches for one in facts),
            page=await _page(request, visit, fact, standing),
            fact=fact,
            standing=standing,
        )


async def _page(request: WebRequest, visit: StaffContext, fact: str | None, standing: Standing | None) -> ViolationPage:
    """The page that the cursor leads to; a broken one begins anew."""
    after, before = request.query_params.get("after"), request.query_params.get("before")
    try:
        asked = PageRequest(after=after, before=before)
        return await list_violations(visit.marketplace.id, asked, fact=fact, standing=standing)
    except InvalidInput:
        return await list_violations(visit.marketplace.id, PageRequest(), fact=fact, standing=standing)
