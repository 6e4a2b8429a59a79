"""Seals: the checkpoints over the log, newest first, and what was found not to fit."""

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.connection import WebRequest
from web.console.audit.answers import show_audit
from web.visit import StaffVisit
from workflows.errors import InvalidInput
from workflows.keyset import Asked
from workflows.review.seals import list_seals


class SealPages(Controller):
    """One page."""

    @route("/audit/seals", http_method=["GET", "HEAD"], act="audit.read")
    async def list(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """Each with its root, its key and where it was published; 422 for a broken cursor, above the first page."""
        given, errors = request.query_params, dict[str, str]()
        try:
            page = await list_seals(visit.marketplace.id, Asked(after=given.get("after"), before=given.get("before")))
        except InvalidInput as refused:
            page, errors = await list_seals(visit.marketplace.id, Asked()), refused.fields
        status = 422 if errors else 200
        return show_audit(request, visit, "seals", "seals", status=status, page=page, errors=errors, query="")
