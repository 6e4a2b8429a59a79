"""The subscriptions of a customer, and the button that e-mails a link for a new card (PRODUCT.md 2.1, 2.2, 2.4)."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.odd_methods import ODD_METHODS, not_allowed
from web.pages.notices import Notice, clear_notice, notice_cookie, notice_of
from web.pages.rendering import page, see_other
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import CustomerContext
from workflows.billing.cards.card_links import send_card_update_link
from workflows.billing.subscriptions.portal_list import get_subscription, list_subscriptions
from workflows.marketplaces.short_numbers import number_of


class SubscriptionPages(Controller):
    """What the customer pays, when next, and whether something is wrong."""

    @route("/subscriptions", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[CustomerContext]) -> Response[str]:
        """All of them, what needs the customer first."""
        notice = notice_of(request, visit.home)
        return page(
            "portal/subscriptions.html",
            visit,
            cookies=clear_notice(notice, visit.home),
            notice=notice,
            here="subscriptions",
            subscriptions=await list_subscriptions(visit.marketplace, visit.signed_in.customer_id),
        )

    @post("/subscriptions/{number:str}/card-update-link", status_code=303)
    async def send_card_link(
        self, request: WebRequest, visit: NamedDependency[CustomerContext], number: FromPath[str]
    ) -> Response[None]:
        """E-mails the link to the address on file. 409 where no card is needed any more."""
        await read_form_of(request, visit)
        asked_for = number_of(number)
        await send_card_update_link(visit.marketplace, visit.signed_in.customer_id, asked_for, visit.actor)
        notice = Notice(kind="card_link_sent", detail=visit.signed_in.email)
        return see_other(f"{visit.home}/subscriptions", [notice_cookie(visit.home, notice)])

    @route("/subscriptions/{number:str}/card-update-link", http_method=["GET", "HEAD"])
    async def after_card_link(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> Response[Any]:
        """Somebody came back to the form's address: to the page that the form stands on."""
        await get_subscription(visit.marketplace, visit.signed_in.customer_id, number_of(number))
        return see_other(f"{visit.home}/subscriptions")

    @route("/subscriptions/{number:str}/card-update-link", http_method=ODD_METHODS, status_code=405)
    async def odd_method(self, visit: NamedDependency[CustomerContext], number: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        await get_subscription(visit.marketplace, visit.signed_in.customer_id, number_of(number))
        raise not_allowed("POST")
