"""Payment History: four columns to sort by, in the URL, so that it works without JavaScript (PRODUCT.md 2.7, 2.8)."""

from typing import get_args

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.pages.notices import clear_notice, notice_of
from web.pages.rendering import page
from web.requests.connection import WebRequest
from web.requests.visit import CustomerContext
from workflows.billing.charges.history import Direction, PaymentPage, PaymentSort, list_payments
from workflows.languages.sentences import sentence
from workflows.runtime.errors import InvalidInput

# fmt: off
_HEADS: dict[PaymentSort, str] = {
    "date":   sentence("Date"),
    "price":  sentence("Price"),
    "order":  sentence("Order ID"),
    "status": sentence("Status"),
}
_FIRST_ORDER: dict[PaymentSort, Direction] = {  # what a first click on a head is most likely after
    "date":   "desc",
    "price":  "desc",
    "order":  "desc",
    "status": "asc",
}
# fmt: on
_NO_SUCH_SORT = sentence("Payments are sorted by one of date, price, order, status.")
_SORTS: dict[str, PaymentSort] = {sort: sort for sort in get_args(PaymentSort)}
_ORDERS: dict[str, Direction] = {order: order for order in get_args(Direction)}


class PaymentPages(Controller):
    """The table of payments."""

    @route("/payments", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[CustomerContext]) -> Response[str]:
        """One page of it. 422 for a sort, an order or a position that does not exist."""
        asked = request.query_params
        sort = _SORTS.get(asked.get("sort", "date"))
        if sort is None:
            raise InvalidInput({"sort": _NO_SUCH_SORT})
        order = _ORDERS.get(asked.get("order", _FIRST_ORDER[sort]))
        if order is None:
            raise InvalidInput({"order": sentence("The order is asc or desc.")})
        payments = await list_payments(
            visit.marketplace.id,
            visit.signed_in.customer_id,
            sort,
            order,
            asked.get("after") or None,
            asked.get("before") or None,
        )
        notice = notice_of(request, visit.home)
        return page(
            "portal/payments.html",
            visit,
            cookies=clear_notice(notice, visit.home),
            notice=notice,
            here="payments",
            page=payments,
            heads=_HEADS,
            next_order=lambda head: _next_order(payments, head),
        )


def _next_order(shown: PaymentPage, head: PaymentSort) -> Direction:
    if head != shown.sort:
        return _FIRST_ORDER[head]
    return "asc" if shown.order == "desc" else "desc"
