"""Documents by API: PDFs of some days in one file, one asked for again, and to whom a customer's are made out."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, patch, post

from api.archive import ANSWERS, FirstDay, LastDay, archive_answer
from api.merchant.customers import EITHER, CustomerNumber
from api.openapi.responses import BAD_BODY, example, problems
from api.requests.provided import Asking, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.customers.records import find_customer_for_sure
from workflows.invoices.billing_details import (
    BillingDetailsChange,
    BillingDetailsChanged,
    BillingDetailsShown,
    billing_details_of,
    change_billing_details,
)
from workflows.invoices.downloads import DocumentRequest, ask_again
from workflows.invoices.period import InvoiceRange, range_of, read_days

_CHANGE = example({"address": "1 Main Street\nDublin", "country": "IE", "correct_invoices": ["INV-000042"]})
_BILLING = "/customers/{customer:str}/billing-details"


class RenderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The invoice or credit note whose PDF is wanted."""

    number: str


class Documents(Controller):
    """Documents of all customers."""

    tags = ("Payments",)

    @get("/documents", opt={"act": "export"}, responses=problems(401, 403, 422))
    async def documents(
        self, marketplace: OwnMarketplace, first: FirstDay = None, last: LastDay = None
    ) -> InvoiceRange:
        """How many invoices and credit notes there are in some days, and which have no PDF so far."""
        return await range_of(read_days(marketplace, first, last), None)

    @get("/documents.zip", opt={"act": "export"}, responses={**ANSWERS, **problems(401, 403, 422, 429)})
    async def archive(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        marketplace: OwnMarketplace,
        first: FirstDay = None,
        last: LastDay = None,
    ) -> Response[Any]:
        """Their PDFs and a list of them as a ZIP file, 30 times an hour. What has no PDF yet is asked for: 202 until
        all are there."""
        return await archive_answer(request, read_days(marketplace, first, last), None, caller.actor)

    @post(
        "/documents",
        dto=StrictJSON[RenderRequest],
        return_dto=None,
        status_code=202,
        opt={"act": "subscriptions.send"},
        responses=problems(401, 403, 404, *BAD_BODY),
    )
    async def ask_again(
        self, caller: Asking, data: Annotated[RenderRequest, example({"number": "INV-000042"})]
    ) -> DocumentRequest:
        """Ask for a PDF, also for one that was given up. One that is there or being prepared stays as it is."""
        return await ask_again(caller.marketplace_id, data.number, caller.actor)

    @get(_BILLING, opt={"act": "customers.write"}, responses=problems(401, 403, 404, 409, told=EITHER))
    async def billing_details(self, marketplace: OwnMarketplace, customer: CustomerNumber) -> BillingDetailsShown:
        """To whom a customer's invoices are made out, and which of the last year can be corrected."""
        return await billing_details_of(marketplace.id, (await find_customer_for_sure(marketplace.id, customer)).id)

    @patch(
        _BILLING,
        dto=StrictJSON[BillingDetailsChange],
        return_dto=None,
        opt={"act": "customers.write"},
        responses=problems(401, 403, 404, 409, 429, *BAD_BODY, told=EITHER),
    )
    async def change_billing_details(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        customer: CustomerNumber,
        data: Annotated[BillingDetailsChange, _CHANGE],
    ) -> BillingDetailsChanged:
        """Change what is given, for invoices from now on; a VAT ID is checked by its country's format.

        Each of `correct_invoices` is taken back by a credit note and issued anew, or nothing at all is changed.
        """
        found = await find_customer_for_sure(marketplace.id, customer)
        return await change_billing_details(marketplace, found.id, data, caller.actor)
