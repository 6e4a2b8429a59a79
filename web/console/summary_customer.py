"""A subscription's customer: correcting the address or the name, which asks first (links and sessions end with it), and
sending mail again to where it stopped."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done
from web.console.one_subscription import ONE, read_one, show_one, summary_path, then_summary
from web.forms import read_form_of
from web.visit import StaffVisit
from workflows.customer_records import CustomerChange, CustomerExists, change_customer, find_customer
from workflows.emails.undeliverable import try_again
from workflows.errors import InvalidInput
from workflows.merchant_subscriptions import MerchantSubscription
from workflows.versions import ChangedMeanwhile, version

_PATH = f"{ONE}/customer"


class CustomerPages(Controller):
    """PRODUCT.md 3.8b, 5.3."""

    @route(_PATH, http_method=["GET", "HEAD"], act="customers.write")
    async def ask(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str]
    ) -> Response[str]:
        """The form, as the customer is now."""
        subscription = await read_one(visit, number)
        return await _form(request, visit, subscription)

    @post(_PATH, status_code=303, act="customers.write", stands_on="subscriptions")
    async def correct(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str]
    ) -> Response[Any]:
        """Corrects both; what somebody else changed meanwhile is shown, not overwritten."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        change = CustomerChange(email=form.get("email", ""), name=form.get("name", ""))
        seen, errors = frozenset({form.get("version", "")}), dict[str, str]()
        try:
            customer = await change_customer(
                visit.marketplace.id, str(subscription.customer.number), change, visit.actor, seen
            )
        except InvalidInput as refused:
            errors = refused.fields
        except CustomerExists as exists:
            errors = {"email": f"Customer {exists.number} has this address already."}
        except ChangedMeanwhile:
            errors = {"email": "Somebody else changed this customer meanwhile. Look at it as it is now, and try again."}
            form = {}
        else:
            return done(visit, summary_path(subscription.number), f"The customer is {customer.email} now.")
        return await _form(request, visit, subscription, form, errors)

    @post(f"{_PATH}/try-again", status_code=303, act="customers.write", stands_on="subscriptions")
    async def try_again(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str]
    ) -> Response[None]:
        """Mail goes to the address again."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = try_again(visit.marketplace.id, str(subscription.customer.number), visit.actor)
        return await then_summary(visit, subscription.number, act, f"Mail goes to {subscription.customer.email} again.")


async def _form(
    request: WebRequest,
    visit: StaffVisit,
    subscription: MerchantSubscription,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    customer = await find_customer(visit.marketplace.id, str(subscription.customer.number))
    return show_one(
        request,
        visit,
        "summary_customer",
        subscription,
        status=422 if errors else 200,
        customer=customer,
        version=version(customer),
        typed={"email": customer.email, "name": customer.name, **(typed or {})},
        errors=errors or {},
    )
