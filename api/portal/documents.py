"""To whom the customer's invoices are made out, and their PDFs of some days in one file, by API."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, patch

from api.archive import ANSWERS, FirstDay, LastDay, archive_answer
from api.openapi.responses import BAD_BODY, example, problems
from api.requests.credentials import needs_session
from api.requests.provided import OwnMarketplace, SignedInCustomer
from api.requests.strict_json import StrictJSON
from workflows.invoices.billing_details import (
    BillingDetailsChange,
    BillingDetailsChanged,
    BillingDetailsShown,
    billing_details_of,
    change_billing_details,
)
from workflows.invoices.period import InvoiceRange, range_of, read_days

_CHANGE = example({
    "name": "Jane Doe Ltd", "address": "1 Main Street\nDublin", "country": "IE", "tax_id": "IE6433435F",
    "correct_invoices": ["INV-000042"],
})  # fmt: skip


class Documents(Controller):
    """Billing details and documents of the signed-in customer."""

    tags = ("Portal: history",)
    guards = (needs_session,)

    @get("/billing-details", responses=problems(401))
    async def billing_details(self, signed_in: SignedInCustomer) -> BillingDetailsShown:
        """To whom invoices are made out, and which of the last year can be corrected."""
        return await billing_details_of(signed_in.marketplace_id, signed_in.customer_id)

    @patch(
        "/billing-details",
        dto=StrictJSON[BillingDetailsChange],
        return_dto=None,
        responses=problems(401, 429, *BAD_BODY),
    )
    async def change_billing_details(
        self,
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        data: Annotated[BillingDetailsChange, _CHANGE],
    ) -> BillingDetailsChanged:
        """Change what is given, for invoices from now on; a VAT ID is checked by its country's format.

        Each of `correct_invoices` is taken back by a credit note and issued anew, or nothing at all is changed.
        """
        return await change_billing_details(marketplace, signed_in.customer_id, data, signed_in.actor)

    @get("/documents", responses=problems(401, 422))
    async def documents(
        self, signed_in: SignedInCustomer, marketplace: OwnMarketplace, first: FirstDay = None, last: LastDay = None
    ) -> InvoiceRange:
        """How many invoices and credit notes there are in some days, and which have no PDF so far."""
        return await range_of(read_days(marketplace, first, last), signed_in.customer_id)

    @get("/documents.zip", responses={**ANSWERS, **problems(401, 422, 429)})
    async def archive(
        self,
        request: Request[Any, Any, Any],
        signed_in: SignedInCustomer,
        marketplace: OwnMarketplace,
        first: FirstDay = None,
        last: LastDay = None,
    ) -> Response[Any]:
        """Their PDFs and a list of them as a ZIP file, 30 times an hour. What has no PDF yet is asked for: 202 until
        all are there."""
        return await archive_answer(
            request, read_days(marketplace, first, last), signed_in.customer_id, signed_in.actor
        )
