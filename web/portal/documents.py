"""Invoices and credit notes of some days as one file, for the customer (PRODUCT.md 5.6).

Nothing is rendered on the request: what has no PDF yet is asked for, and a page says how far it is.
"""

from typing import Any

from litestar import Controller, Response, get, route
from litestar.di import NamedDependency

from web.archive import LOOK_AGAIN, archive_answer, asked_days
from web.connection import WebRequest
from web.rendering import page
from web.visit import Visit
from workflows.access.request_limits import check_download
from workflows.invoices.period import ask_for_missing, range_of, read_days
from workflows.runtime.errors import InvalidInput


class DocumentPages(Controller):
    """Which days, and the file."""

    @route("/documents", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[Visit]) -> Response[str]:
        """How many there are in the days of the form; 422 with the reason beside the field."""
        typed, found, errors = asked_days(request, visit.marketplace), None, dict[str, str]()
        try:
            found = await range_of(read_days(visit.marketplace, *typed), visit.signed_in.customer_id)
        except InvalidInput as refused:
            errors = refused.fields
        status = 422 if errors else 200
        return page(
            "portal/documents.html", visit, status=status, here="payments", typed=typed, found=found, errors=errors
        )

    @get("/documents.zip")
    async def download(self, request: WebRequest, visit: NamedDependency[Visit]) -> Response[Any]:
        """The file; 202 and a page that opens it by itself while PDFs are being prepared."""
        days = read_days(visit.marketplace, *asked_days(request, visit.marketplace))
        customer_id = visit.signed_in.customer_id
        found = await range_of(days, customer_id)
        if found.preparing:
            await ask_for_missing(days, customer_id, visit.actor)
            return page(
                "portal/documents_waiting.html", visit, status=202, headers=LOOK_AGAIN, here="payments", found=found
            )
        await check_download(request.app.state.limiter, str(visit.actor))
        return archive_answer(days, customer_id)
