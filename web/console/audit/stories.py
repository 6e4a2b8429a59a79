"""Stories: what became of one subscription, or of one customer, from the beginning, as sentences."""

from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.console.audit.answers import show_audit, typed
from web.console.audit.words import sentence
from web.pages.rendering import see_other
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.audit.review.history import (
    EntityHistory,
    customer_number,
    history_of_customer,
    history_of_subscription,
)
from workflows.marketplaces.short_numbers import number_of
from workflows.requests.pagination import PageRequest
from workflows.runtime.errors import InvalidInput, NotFound

_AT_ONCE = 50


class HistoryPages(Controller):
    """The question whose story, and the stories."""

    @route("/audit/stories", http_method=["GET", "HEAD"], act="audit.read")
    async def ask(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[Any]:
        """Leads to the story of the subscription or the customer that was typed; 422 where there is none."""
        asked, errors = typed(request, ("subscription", "customer")), dict[str, str]()
        if asked["subscription"]:
            number = asked["subscription"]
            if await _is_there(visit, number):
                return see_other(f"{visit.home}/audit/subscriptions/{quote(number)}")
            errors["subscription"] = "There is no subscription of this ID."
        elif asked["customer"]:
            found = await customer_number(visit.marketplace.id, asked["customer"])
            if found is not None:
                return see_other(f"{visit.home}/audit/customers/{found}")
            errors["customer"] = "There is no customer of this number or e-mail address."
        return show_audit(
            request, visit, "stories", "stories", status=422 if errors else 200, asked=asked, errors=errors
        )

    @route("/audit/subscriptions/{number:str}", http_method=["GET", "HEAD"], act="audit.read")
    async def subscription(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[str]:
        """A page of a subscription's story."""
        asked = PageRequest(after=request.query_params.get("after"), limit=_AT_ONCE)
        story = await history_of_subscription(visit.marketplace.id, number_of(number), asked)
        return _told(request, visit, story)

    @route("/audit/customers/{number:str}", http_method=["GET", "HEAD"], act="audit.read")
    async def customer(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[str]:
        """A page of a customer's story."""
        asked = PageRequest(after=request.query_params.get("after"), limit=_AT_ONCE)
        story = await history_of_customer(visit.marketplace.id, number_of(number), asked)
        return _told(request, visit, story)


async def _is_there(visit: StaffContext, number: str) -> bool:
    try:
        await history_of_subscription(visit.marketplace.id, number_of(number), PageRequest(limit=1))
    except (NotFound, InvalidInput):
        return False
    return True


def _told(request: WebRequest, visit: StaffContext, story: EntityHistory) -> Response[str]:
    told = [(move, sentence(move, visit.show)) for move in story.moves]
    first = "after" not in request.query_params
    return show_audit(request, visit, "story", "stories", story=story, told=told, first=first)
