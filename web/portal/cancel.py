"""Cancelling a subscription: the question, and the answer that ends it now (PRODUCT.md 2.3)."""

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.odd_methods import ODD_METHODS, not_allowed
from web.pages.notices import Notice, notice_cookie
from web.pages.rendering import page, see_other
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import CustomerContext
from workflows.billing.subscriptions.cancel import cancel_by_customer
from workflows.billing.subscriptions.portal_list import get_subscription
from workflows.billing.subscriptions.views import SubscriptionView
from workflows.marketplaces.short_numbers import number_of
from workflows.runtime.errors import SelfCancellationOff, TransitionRefused

_PATH = "/subscriptions/{number:str}/cancel"


class CancelPages(Controller):
    """The confirmation as a page of its own; with JavaScript the same question is a dialog over the subscriptions."""

    @route(_PATH, http_method=["GET", "HEAD"])
    async def ask(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> Response[str]:
        """Names what ends and what does not happen. 403 where the merchant does not offer it, 409 when it has ended."""
        subscription = await _own(visit, number)
        if not visit.marketplace.self_cancellation:
            raise SelfCancellationOff("this marketplace does not let customers cancel by themselves")
        if not subscription.can_cancel:
            raise TransitionRefused("subscription", subscription.id, "cancel", subscription.state, "no rule")
        return page("portal/cancel.html", visit, here="subscriptions", subscription=subscription)

    @post(_PATH, status_code=303)
    async def confirm(
        self, request: WebRequest, visit: NamedDependency[CustomerContext], number: FromPath[str]
    ) -> Response[None]:
        """Ends it at once. The second of two submits gets 409: it is cancelled already."""
        await read_form_of(request, visit)
        ended = await cancel_by_customer(visit.marketplace, visit.signed_in, number_of(number))
        notice = Notice(kind="cancelled", detail=ended.product)
        return see_other(f"{visit.home}/subscriptions", [notice_cookie(visit.home, notice)])

    @route(_PATH, http_method=ODD_METHODS, status_code=405)
    async def odd_method(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        await _own(visit, number)
        raise not_allowed("GET", "HEAD", "POST")


async def _own(visit: CustomerContext, number: str) -> SubscriptionView:
    return await get_subscription(visit.marketplace, visit.signed_in.customer_id, number_of(number))
