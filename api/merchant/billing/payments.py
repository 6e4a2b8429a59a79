"""Charges, invoices and refunds of the marketplace, by API: to look through and to see one."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import PathParameter, QueryParameter

from api.openapi.responses import problems
from api.requests.pagination import After, Before, Limit, asked
from api.requests.provided import OwnMarketplace
from workflows.billing.charges.staff_lists import (
    ChargePage,
    ChargeRecord,
    InvoicePage,
    InvoiceRecord,
    RefundPage,
    RefundRecord,
    find_charge,
    find_invoice,
    find_refund,
    list_charges,
    list_invoices,
    list_refunds,
)

_READ = {"act": "subscriptions.read"}
_LISTED, _ONE = problems(401, 403, 422), problems(401, 403, 404)

OfSubscription = Annotated[
    int | None, QueryParameter(ge=1, le=2**63 - 1, description="Only those of the subscription of this number.")
]
OfCharge = Annotated[UUID | None, QueryParameter(description="Only those of the charge of this id.")]


class Payments(Controller):
    """Money taken, money given back, and what was written about it."""

    tags = ("Payments",)

    @get("/charges", opt=_READ, responses=_LISTED)
    async def charges(
        self,
        marketplace: OwnMarketplace,
        subscription: OfSubscription = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> ChargePage:
        """List the charges, those made last first, failed attempts included."""
        return await list_charges(marketplace.id, subscription, asked(after, before, limit))

    @get("/charges/{charge:str}", opt=_READ, responses=_ONE)
    async def charge(
        self, marketplace: OwnMarketplace, charge: Annotated[str, PathParameter(description="The charge's id.")]
    ) -> ChargeRecord:
        """See one charge."""
        return await find_charge(marketplace.id, charge)

    @get("/invoices", opt=_READ, responses=_LISTED)
    async def invoices(
        self, marketplace: OwnMarketplace, after: After = None, before: Before = None, limit: Limit = None
    ) -> InvoicePage:
        """List the invoices and credit notes, those issued last first."""
        return await list_invoices(marketplace.id, asked(after, before, limit))

    @get("/invoices/{invoice:path}", opt=_READ, responses=_ONE)
    async def invoice(
        self, marketplace: OwnMarketplace, invoice: Annotated[str, PathParameter(description="The invoice's number.")]
    ) -> InvoiceRecord:
        """See one invoice."""
        return await find_invoice(marketplace.id, invoice.removeprefix("/"))

    @get("/refunds", opt=_READ, responses=_LISTED)
    async def refunds(
        self,
        marketplace: OwnMarketplace,
        charge: OfCharge = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> RefundPage:
        """List the refunds, those asked for last first."""
        return await list_refunds(marketplace.id, charge, asked(after, before, limit))

    @get("/refunds/{refund:str}", opt=_READ, responses=_ONE)
    async def refund(
        self, marketplace: OwnMarketplace, refund: Annotated[str, PathParameter(description="The refund's id.")]
    ) -> RefundRecord:
        """See one refund: its status is where a pending one becomes known."""
        return await find_refund(marketplace.id, refund)
