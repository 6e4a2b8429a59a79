"""The payment history, the invoices and the contact page by API."""

from typing import Annotated, Any

from litestar import Controller, Response, get, route
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, QueryParameter

from api.accepted import Accepted
from api.openapi.responses import problems
from api.portal.others import all_but, not_allowed
from api.requests.credentials import needs_session
from api.requests.provided import OwnMarketplace, SignedInCustomer
from workflows.billing.charges.history import Direction, PaymentPage, PaymentSort, list_payments
from workflows.invoices.downloads import invoice_file
from workflows.marketplaces.contact import Contact, contact_of
from workflows.runtime.errors import InvoiceUnprepared

_ASK_AGAIN_IN = {"Retry-After": "2"}  # seconds; a PDF takes a tenth of one, behind whatever waits
_BEING_PREPARED = Accepted(detail="The invoice is being prepared. Ask again in a moment.")
_PDF: dict[int, ResponseSpec] = {
    200: ResponseSpec(bytes, description="The PDF.", media_type="application/pdf", generate_examples=False),
    202: ResponseSpec(Accepted, description="Being prepared: ask again after `Retry-After` seconds."),
}

Cursor = Annotated[str | None, QueryParameter(description="`after` or `before` of an earlier page, as it was given.")]


class History(Controller):
    """What the signed-in customer paid, and whom to ask about it."""

    tags = ("Portal: history",)
    guards = (needs_session,)

    @get("/payments", responses=problems(401, 422))
    async def payments(
        self,
        signed_in: SignedInCustomer,
        sort: FromQuery[PaymentSort] = "date",
        order: FromQuery[Direction] = "desc",
        after: Cursor = None,
        before: Cursor = None,
    ) -> PaymentPage:
        """One page of payments; send `after` or `before` back with the same `sort` and `order` for its neighbours."""
        return await list_payments(
            signed_in.marketplace_id, signed_in.customer_id, sort, order, after=after, before=before
        )

    @get("/invoices/{invoice:path}", responses={**_PDF, **problems(401, 404, 503)})
    async def invoice(self, signed_in: SignedInCustomer, invoice: FromPath[str]) -> Response[Any]:
        """The invoice's PDF. Imported ones are rendered when first asked for: 202 until then."""
        file = await invoice_file(signed_in.marketplace_id, signed_in.customer_id, invoice.removeprefix("/"))
        if file.failed:
            raise InvoiceUnprepared(f"invoice {file.number} could not be rendered")
        if file.pdf is None:
            return Response(_BEING_PREPARED, status_code=202, headers=_ASK_AGAIN_IN)
        # A number holds letters, digits, dots, slashes, dashes and underscores (models): nothing to escape but slashes.
        name = file.number.replace("/", "-")
        headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
        return Response(file.pdf, media_type="application/pdf", headers=headers)

    @route("/invoices/{invoice:path}", http_method=all_but("GET"), status_code=405, include_in_schema=False)
    async def odd_method(self, signed_in: SignedInCustomer, invoice: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        await invoice_file(signed_in.marketplace_id, signed_in.customer_id, invoice.removeprefix("/"))
        raise not_allowed("GET")

    @get("/contact", responses=problems(401))
    async def contact(self, marketplace: OwnMarketplace) -> Contact:
        """What the marketplace shows of itself: address, support e-mail, social links, as it ticked them."""
        return contact_of(marketplace)
