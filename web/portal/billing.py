"""Billing details: to whom invoices are made out, and which of the last year are to be made out anew."""

import msgspec
from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.pages.notices import Notice, clear_notice, notice_cookie, notice_of
from web.pages.rendering import page, see_other
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import CustomerContext
from workflows.invoices.billing_details import (
    BillingDetailsChange,
    BillingDetailsShown,
    billing_details_of,
    change_billing_details,
)
from workflows.languages.place_names import countries
from workflows.runtime.errors import InvalidInput

_PATH = "/billing-details"
TYPED = ("name", "address", "country", "tax_id")
_CORRECT = "correct:"  # begins the names of the boxes beside invoices; a number follows


class BillingPages(Controller):
    """One form."""

    @route(_PATH, http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[CustomerContext]) -> Response[str]:
        """The details as they are."""
        details = await billing_details_of(visit.marketplace.id, visit.signed_in.customer_id)
        return _page(visit, details, typed_of(details), (), {}, notice_of(request, visit.home))

    @post(_PATH, status_code=303, stands_on="billing-details")
    async def change(
        self, request: WebRequest, visit: NamedDependency[CustomerContext]
    ) -> Response[None] | Response[str]:
        """Saves them and corrects the invoices ticked, or nothing: then 422 with the reasons beside the fields."""
        form = await read_form_of(request, visit)
        customer_id = visit.signed_in.customer_id
        try:
            changed = await change_billing_details(visit.marketplace, customer_id, change_of(form), visit.actor)
        except InvalidInput as refused:
            details = await billing_details_of(visit.marketplace.id, customer_id)
            return _page(visit, details, typed_of(details) | form, ticked_in(form), refused.fields, None)
        numbers = ", ".join(one.invoice for one in changed.corrected)
        notice = Notice(kind="billing_corrected" if numbers else "billing_saved", detail=numbers)
        where = "payments" if numbers else "billing-details"
        return see_other(f"{visit.home}/{where}", [notice_cookie(visit.home, notice)])


def change_of(form: dict[str, str]) -> BillingDetailsChange:
    """What a form asks for; a field that it does not have stays as it is."""
    typed = {name: form[name] for name in TYPED if name in form}
    return BillingDetailsChange(**typed, correct_invoices=list(ticked_in(form)))


def ticked_in(form: dict[str, str]) -> tuple[str, ...]:
    """The numbers of the invoices whose box is ticked."""
    return tuple(name.removeprefix(_CORRECT) for name, value in form.items() if name.startswith(_CORRECT) and value)


def typed_of(details: BillingDetailsShown) -> dict[str, str]:
    """The details as the form holds them."""
    return {name: value or "" for name, value in msgspec.structs.asdict(details).items() if name in TYPED}


def country_options(chosen: str, locale: str | None = None) -> list[tuple[str, str]]:
    """Every country and none, and what is chosen where it is none of them."""
    options = [("", "–"), *countries(locale)]
    return options if any(code == chosen for code, _ in options) else [(chosen, chosen), *options]


def _page(
    visit: CustomerContext,
    details: BillingDetailsShown,
    typed: dict[str, str],
    ticked: tuple[str, ...],
    errors: dict[str, str],
    notice: Notice | None,
) -> Response[str]:
    return page(
        "portal/invoices/billing.html",
        visit,
        status=422 if errors else 200,
        cookies=clear_notice(notice, visit.home),
        notice=notice,
        here="payments",
        details=details,
        typed=typed,
        ticked=ticked,
        errors=errors,
        countries=country_options(typed["country"], visit.show.locale),
    )
