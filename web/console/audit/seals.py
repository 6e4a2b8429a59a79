"""Seals: the checkpoints over the log, newest first; what was found not to fit; the log with its proof as a file."""

from litestar import Controller, Response, get, route
from litestar.di import NamedDependency
from litestar.response import Stream

from web.console.audit.answers import show_audit
from web.requests.connection import WebRequest
from web.requests.headers import page_headers
from web.requests.visit import StaffContext
from workflows.access.access_log import note_reading
from workflows.audit.export.export import export
from workflows.audit.export.lines import Form
from workflows.audit.review.checkpoints import list_checkpoints
from workflows.requests.pagination import PageRequest
from workflows.runtime.errors import InvalidInput

_MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv", "ndjson": "application/x-ndjson"}


class CheckpointPages(Controller):
    """One page, and its files."""

    @route("/audit/seals", http_method=["GET", "HEAD"], act="audit.read")
    async def list(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Each with its root, its key and where it was published; 422 for a broken cursor, above the first page."""
        given, errors = request.query_params, dict[str, str]()
        try:
            page = await list_checkpoints(
                visit.marketplace.id, PageRequest(after=given.get("after"), before=given.get("before"))
            )
        except InvalidInput as refused:
            page, errors = await list_checkpoints(visit.marketplace.id, PageRequest()), refused.fields
        status = 422 if errors else 200
        return show_audit(request, visit, "seals", "seals", status=status, page=page, errors=errors, query="")

    @get("/audit/log.csv", act="audit.read")
    async def export_csv(self, visit: NamedDependency[StaffContext]) -> Stream:
        """The log with its proof (docs/audit-format.md) as CSV."""
        return _file(visit, "csv")

    @get("/audit/log.ndjson", act="audit.read")
    async def export_ndjson(self, visit: NamedDependency[StaffContext]) -> Stream:
        """The same as NDJSON."""
        return _file(visit, "ndjson")


def _file(visit: StaffContext, form: Form) -> Stream:
    note_reading({"page": "export", "scope": "all"})
    headers = {**page_headers(), "Content-Disposition": f'attachment; filename="log-{visit.marketplace.slug}.{form}"'}
    return Stream(export(form, [visit.marketplace.id]), media_type=_MEDIA_TYPES[form], headers=headers)
