"""An invoice as PDF, or the page that says it is being prepared; never rendered on the request (PRODUCT.md 2.9)."""

import re
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.odd_methods import ODD_METHODS, not_allowed
from web.pages.rendering import page
from web.requests.headers import page_headers
from web.requests.visit import CustomerContext
from workflows.invoices.downloads import InvoiceFile, invoice_file
from workflows.runtime.errors import NotFound

_PATH = "/invoices/{number:path}"
_NAME = re.compile(r"/([A-Za-z0-9][A-Za-z0-9./_-]{0,59})\.pdf")
_LOOK_AGAIN = 3  # seconds; a PDF takes under one once its turn has come


class InvoicePages(Controller):
    """The invoices of the customer's payments. A number may hold slashes: imported ones are the merchant's own."""

    @route(_PATH, http_method=["GET", "HEAD"])
    async def show(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> Response[Any]:
        """The PDF; 202 and a page that opens it by itself while it is being prepared; 503 when that was given up."""
        invoice = await _own(visit, number)
        if invoice.pdf is not None:
            return pdf_answer(invoice.number, invoice.pdf)
        return page(
            "portal/invoices/invoice_waiting.html",
            visit,
            status=503 if invoice.failed else 202,
            headers={} if invoice.failed else {"Refresh": str(_LOOK_AGAIN)},
            here="payments",
            number=invoice.number,
            failed=invoice.failed,
        )

    @route(_PATH, http_method=["POST", *ODD_METHODS], status_code=405)
    async def odd_method(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        await _own(visit, number)
        raise not_allowed("GET", "HEAD")


async def _own(visit: CustomerContext, path: str) -> InvoiceFile:
    name = _NAME.fullmatch(path)
    if name is None:
        raise NotFound("no such invoice")
    return await invoice_file(visit.marketplace.id, visit.signed_in.customer_id, name[1])


def pdf_answer(number: str, pdf: bytes) -> Response[bytes]:
    """The file, for a browser to show."""
    filename = quote(number.replace("/", "-"), safe="")
    headers = page_headers()
    del headers["Content-Security-Policy"]  # it is for documents; browsers' own PDF viewers break under it
    headers["Content-Disposition"] = f'inline; filename="{filename}.pdf"'
    return Response(pdf, media_type="application/pdf", headers=headers)
