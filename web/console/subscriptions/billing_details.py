"""Billing details of a subscription's customer, for staff: the same form and the same rules as in the portal."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.console.answers import done, not_done
from web.console.subscriptions.one_subscription import ONE, read_one, show_one, summary_path
from web.portal.billing import change_of, country_options, ticked_in, typed_of
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import StaffContext
from workflows.billing.subscriptions.staff_view import MerchantSubscription
from workflows.customers.records import find_customer
from workflows.invoices.billing_details import billing_details_of, change_billing_details
from workflows.runtime.errors import InvalidInput, NotFound

_PATH = f"{ONE}/billing-details"


class BillingPages(Controller):
    """One form."""

    @route(_PATH, http_method=["GET", "HEAD"], act="customers.write")
    async def ask(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """The form, as the details are now. Where the customer was erased, back to the Summary."""
        subscription = await read_one(visit, number)
        try:
            return await _form(request, visit, subscription)
        except NotFound:
            return not_done(visit, summary_path(subscription.number), "This customer was erased: nobody is billed.")

    @post(_PATH, status_code=303, act="customers.write", stands_on="subscriptions")
    async def change(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Saves them and corrects the invoices ticked, or nothing: then 422 with the reasons beside the fields."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        customer = await find_customer(visit.marketplace.id, str(subscription.customer.number))
        try:
            changed = await change_billing_details(visit.marketplace, customer.id, change_of(form), visit.actor)
        except InvalidInput as refused:
            return await _form(request, visit, subscription, form, refused.fields)
        numbers = ", ".join(one.invoice for one in changed.corrected)
        told = (
            f"The billing details are saved. Made out anew: {numbers}." if numbers else "The billing details are saved."
        )
        return done(visit, summary_path(subscription.number), told)


async def _form(
    request: WebRequest,
    visit: StaffContext,
    subscription: MerchantSubscription,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    customer = await find_customer(visit.marketplace.id, str(subscription.customer.number))
    details = await billing_details_of(visit.marketplace.id, customer.id)
    typed = typed_of(details) | (form or {})
    return show_one(
        request,
        visit,
        "subscriptions/summary_billing",
        subscription,
        status=422 if errors else 200,
        details=details,
        typed=typed,
        ticked=ticked_in(form or {}),
        errors=errors or {},
        countries=country_options(typed["country"]),
    )
