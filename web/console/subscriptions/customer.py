"""A subscription's customer: correcting the address, the name or the language, sending mail again to where
it stopped, giving them their data, and erasing them. What cannot be undone asks first."""

from typing import Any

from litestar import Controller, Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import UNSET, UnsetType

from web.console.answers import done
from web.console.subscriptions.one_subscription import ONE, read_one, show_one, summary_path, then_summary
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.headers import page_headers
from web.requests.visit import StaffContext
from workflows.access.access_log import note_reading
from workflows.billing.subscriptions.staff_view import MerchantSubscription
from workflows.customers.addresses import CustomerErased
from workflows.customers.language import chosen_language
from workflows.customers.records import CustomerChange, CustomerExists, change_customer, find_customer
from workflows.emails.delivery.suppression import try_again
from workflows.languages.locales import LANGUAGES
from workflows.privacy.data_export import ZIP_TYPE, customer_archive
from workflows.privacy.erasure import ErasureRefused, erase_customer, look_before_erasing
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput

_PATH = f"{ONE}/customer"


class CustomerPages(Controller):
    """PRODUCT.md 3.8b, 5.3."""

    @route(_PATH, http_method=["GET", "HEAD"], act="customers.write")
    async def ask(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[str]:
        """The form, as the customer is now."""
        subscription = await read_one(visit, number)
        return await _form(request, visit, subscription)

    @post(_PATH, status_code=303, act="customers.write", stands_on="subscriptions")
    async def correct(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Corrects them; what somebody else changed meanwhile is shown, not overwritten."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        language = await _language(visit, subscription, form)
        change = CustomerChange(email=form.get("email", ""), name=form.get("name", ""), locale=language)
        seen, errors = frozenset({form.get("version", "")}), dict[str, str]()
        try:
            customer = await change_customer(
                visit.marketplace.id, str(subscription.customer.number), change, visit.actor, seen
            )
        except InvalidInput as refused:
            errors = refused.fields
        except CustomerExists as exists:
            errors = {"email": f"Customer {exists.number} has this address already."}
        except CustomerErased:
            errors = {"email": "This customer was erased: there is nothing to correct."}
        except ChangedMeanwhile:
            errors = {"email": "Somebody else changed this customer meanwhile. Look at it as it is now, and try again."}
            form = {}
        else:
            return done(visit, summary_path(subscription.number), f"The customer is {customer.email} now.")
        return await _form(request, visit, subscription, form, errors)

    @post(f"{_PATH}/try-again", status_code=303, act="customers.write", stands_on="subscriptions")
    async def try_again(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[None]:
        """Mail goes to the address again."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = try_again(visit.marketplace.id, str(subscription.customer.number), visit.actor)
        return await then_summary(visit, subscription.number, act, f"Mail goes to {subscription.customer.email} again.")

    @get(f"{_PATH}/data.zip", act="export")
    async def export(self, visit: NamedDependency[StaffContext], number: FromPath[str]) -> Stream:
        """All that is here about them, to be given to them."""
        subscription = await read_one(visit, number)
        customer = await find_customer(visit.marketplace.id, str(subscription.customer.number))
        name = f"customer-{visit.marketplace.slug}-{customer.number}.zip"
        headers = {**page_headers(), "Content-Disposition": f'attachment; filename="{name}"'}
        note_reading({"page": "customer", "customer": str(customer.number)})
        return Stream(customer_archive(visit.marketplace.id, customer), media_type=ZIP_TYPE, headers=headers)

    @route(f"{_PATH}/erase", http_method=["GET", "HEAD"], act="customers.erase")
    async def ask_to_erase(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[str]:
        """What goes, what stays and why; or what is to be done first."""
        return await _ask_to_erase(request, visit, await read_one(visit, number))

    @post(f"{_PATH}/erase", status_code=303, act="customers.erase", stands_on="subscriptions")
    async def erase(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Erases them, once the box is ticked."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        if form.get("sure") != "yes":
            return await _ask_to_erase(request, visit, subscription, "Tick the box: it cannot be undone.")
        try:
            erased = await erase_customer(visit.marketplace.id, str(subscription.customer.number), visit.actor)
        except ErasureRefused:
            return await _ask_to_erase(request, visit, subscription, "They cannot be erased yet.")
        return done(visit, summary_path(subscription.number), f"Customer {erased.number} is erased.")


async def _ask_to_erase(
    request: WebRequest, visit: StaffContext, subscription: MerchantSubscription, error: str | None = None
) -> Response[str]:
    found = await look_before_erasing(visit.marketplace.id, str(subscription.customer.number))
    status = 422 if error else 200
    return show_one(
        request, visit, "subscriptions/summary_erase", subscription, status=status, found=found, error=error
    )


async def _language(
    visit: StaffContext, subscription: MerchantSubscription, form: dict[str, str]
) -> str | UnsetType | None:
    """What the form chooses. Who has that language already keeps its region: "de-AT"."""
    customer = await find_customer(visit.marketplace.id, str(subscription.customer.number))
    chosen = form.get("language") or None
    return UNSET if chosen == chosen_language(customer.locale).language else chosen


async def _form(
    request: WebRequest,
    visit: StaffContext,
    subscription: MerchantSubscription,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    customer = await find_customer(visit.marketplace.id, str(subscription.customer.number))
    return show_one(
        request,
        visit,
        "subscriptions/summary_customer",
        subscription,
        status=422 if errors else 200,
        customer=customer,
        version=version(customer),
        typed={
            "email": customer.email,
            "name": customer.name,
            "language": chosen_language(customer.locale).language or "",
            **(typed or {}),
        },
        languages=[("", "None: as the browser asks"), *LANGUAGES.items()],
        errors=errors or {},
    )
