"""Confirming a payment that the customer's bank wants them for: one button, the bank's page, and the way back.

Coming back proves nothing: what is shown is what our books say (PRODUCT.md 4.5).
"""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.odd_methods import ODD_METHODS, not_allowed
from web.pages.notices import Notice, notice_cookie
from web.pages.refreshing import look_again
from web.pages.rendering import leave_for, page, see_other
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import CustomerContext
from workflows.billing.collection.confirm_payment import confirm_payment, confirmed_url
from workflows.billing.subscriptions.portal_list import get_subscription
from workflows.billing.subscriptions.views import SubscriptionView
from workflows.marketplaces.short_numbers import number_of

_CONFIRM, _CONFIRMED = "/subscriptions/{number:str}/confirm", "/subscriptions/{number:str}/confirmed"


class ConfirmPages(Controller):
    """From the subscriptions to the bank and back."""

    @post(_CONFIRM, status_code=200)
    async def confirm(
        self, request: WebRequest, visit: NamedDependency[CustomerContext], number: FromPath[str]
    ) -> Response[Any]:
        """Goes on to the bank's page, or back with what came of it. 409 where nothing waits for the customer."""
        await read_form_of(request, visit)
        asked_for = number_of(number)
        url = await confirm_payment(
            visit.marketplace,
            visit.signed_in.customer_id,
            asked_for,
            request.app.state.gateway_for(visit.marketplace.gateway),
            confirmed_url(visit.marketplace, asked_for),
        )
        if url is not None:
            return leave_for(url, visit, visit.show.say("your bank"))
        return _told(visit, await _own(visit, number))

    @route(_CONFIRM, http_method=["GET", "HEAD"])
    async def after_confirm(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> Response[Any]:
        """Somebody came back to the form's address: to the page that the form stands on."""
        await _own(visit, number)
        return see_other(f"{visit.home}/subscriptions")

    @route(_CONFIRMED, http_method=["GET", "HEAD"])
    async def back(
        self, request: WebRequest, visit: NamedDependency[CustomerContext], number: FromPath[str]
    ) -> Response[Any]:
        """The bank's page led back here: waits, by itself, for a minute, until the gateway tells us what came of it."""
        subscription = await _own(visit, number)
        failed = subscription.failed_charge
        if failed is None or not failed.confirm:
            return _told(visit, subscription)
        again = look_again(request)
        return page(
            "portal/confirm_waiting.html",
            visit,
            headers=again,
            here="subscriptions",
            subscription=subscription,
            looking=bool(again),
        )

    @route(_CONFIRMED, http_method=["POST", *ODD_METHODS], status_code=405)
    async def odd_method_back(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        await _own(visit, number)
        raise not_allowed("GET", "HEAD")

    @route(_CONFIRM, http_method=ODD_METHODS, status_code=405)
    async def odd_method(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        await _own(visit, number)
        raise not_allowed("GET", "HEAD", "POST")


def _told(visit: CustomerContext, subscription: SubscriptionView) -> Response[None]:
    """Back to the subscriptions, with what became of the payment."""
    failed, notice = subscription.failed_charge, None
    if subscription.state in ("active", "completed"):
        notice = Notice(kind="payment_confirmed", detail=subscription.product)
    elif failed is not None and not failed.charging_now:
        notice = Notice(kind="payment_refused", detail=failed.reason)
    return see_other(f"{visit.home}/subscriptions", [notice_cookie(visit.home, notice)] if notice else [])


async def _own(visit: CustomerContext, number: str) -> SubscriptionView:
    return await get_subscription(visit.marketplace, visit.signed_in.customer_id, number_of(number))
