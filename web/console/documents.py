"""Invoices and credit notes of some days as one file, for staff."""

from typing import Any

from litestar import Controller, Response, get, route
from litestar.di import NamedDependency

from web.archive import LOOK_AGAIN, archive_answer, asked_days
from web.connection import WebRequest
from web.console.answers import show_page
from web.visit import StaffVisit
from workflows.access.request_limits import check_download
from workflows.invoices.period import ask_for_missing, range_of, read_days
from workflows.runtime.errors import InvalidInput


class DocumentPages(Controller):
    """Which days, and the file."""

    @route("/documents", http_method=["GET", "HEAD"], act="export")
    async def show(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """How many there are in the days of the form; 422 with the reason beside the field."""
        typed, found, errors = asked_days(request, visit.marketplace), None, dict[str, str]()
        try:
            found = await range_of(read_days(visit.marketplace, *typed), None)
        except InvalidInput as refused:
            errors = refused.fields
        shown = {"typed": typed, "found": found, "errors": errors}
        return show_page(request, visit, "documents", "documents", status=422 if errors else 200, **shown)

    @get("/documents.zip", act="export")
    async def download(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """The file; 202 and a page that opens it by itself while PDFs are being prepared."""
        days = read_days(visit.marketplace, *asked_days(request, visit.marketplace))
        found = await range_of(days, None)
        if not found.preparing:
            await check_download(request.app.state.limiter, str(visit.actor))
            return archive_answer(days, None)
        await ask_for_missing(days, None, visit.actor)
        answer = show_page(request, visit, "documents_waiting", "documents", status=202, found=found)
        answer.headers.update(LOOK_AGAIN)
        return answer
