"""Subscriptions: three data cards, and the list by start, state and search, page by page or as CSV (PRODUCT.md 3.4).

What is filtered stands in the URL, so that a list can be shared and works without JavaScript.
"""

from datetime import date, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Response, get, route
from litestar.di import NamedDependency
from litestar.response import Stream

from web.console.answers import show_page
from web.requests.connection import WebRequest
from web.requests.headers import page_headers
from web.requests.visit import StaffContext
from workflows.billing.subscriptions.data_cards import data_cards
from workflows.billing.subscriptions.export import MEDIA_TYPE, export_subscriptions
from workflows.billing.subscriptions.staff_lists import (
    SHOWN_BY_DEFAULT,
    State,
    SubscriptionFilter,
    SubscriptionPage,
    list_subscriptions_of_marketplace,
)
from workflows.marketplaces.days import read_day, today
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.pagination import PageRequest
from workflows.runtime.errors import InvalidInput

STATES: tuple[State, ...] = get_args(State)
_NOTHING = SubscriptionPage(subscriptions=[], after=None, before=None)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's forms say, as it was typed. Without any day in the URL, the last 30 days; a day left empty is no
    bound."""

    search: str
    state: str
    since: str
    until: str

    @property
    def query(self) -> str:
        """The URL's query that says the same."""
        if self.search:
            return urlencode({"search": self.search, "state": self.state})
        return urlencode({"from": self.since, "to": self.until, "state": self.state})

    def wanted(self) -> SubscriptionFilter:
        """The same for the workflow. Raises InvalidInput naming `from`, `to` or `state`."""
        if self.state and self.state not in STATES:
            raise InvalidInput({"state": "Choose one of the states."})
        state: Any = self.state or None
        if self.search:
            return SubscriptionFilter(state=state, search=self.search)
        return SubscriptionFilter(state=state, started_from=_day(self.since, "from"), started_to=_day(self.until, "to"))


class SubscriptionPages(Controller):
    """The list."""

    @route("/subscriptions", http_method=["GET", "HEAD"], act="subscriptions.read")
    async def list(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """One page of it; 422 with the reason beside the field for what cannot be filtered by."""
        filters, errors, page = filters_of(request, visit.marketplace), dict[str, str](), _NOTHING
        given = request.query_params
        try:
            asked = PageRequest(after=given.get("after"), before=given.get("before"))
            page = await list_subscriptions_of_marketplace(visit.marketplace, filters.wanted(), asked)
        except InvalidInput as refused:
            errors = _beside_fields(refused.fields)
        return show_page(
            request,
            visit,
            "subscriptions/subscriptions",
            "subscriptions",
            status=422 if errors else 200,
            page=page,
            filters=filters,
            errors=errors,
            states=STATES,
            is_default=not (filters.search or filters.state or "from" in given or "to" in given),
            cards=await data_cards(visit.marketplace),
            may=visit.caller.may,
        )

    @get("/subscriptions.csv", act="export")
    async def export(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Stream:
        """All that the list shows on all its pages, as a file. 422 for what cannot be filtered by."""
        wanted = filters_of(request, visit.marketplace).wanted()
        pieces = await export_subscriptions(visit.marketplace, wanted)
        name = f"subscriptions-{visit.marketplace.slug}-{today(visit.marketplace).isoformat()}.csv"
        headers = {**page_headers(), "Content-Disposition": f'attachment; filename="{name}"'}
        return Stream(pieces, media_type=MEDIA_TYPE, headers=headers)


def filters_of(request: WebRequest, marketplace: Marketplace) -> Filters:
    """What the URL says."""
    given = request.query_params
    search, state = given.get("search", "").strip(), given.get("state", "")
    if search or "from" in given or "to" in given:
        return Filters(search=search, state=state, since=given.get("from", ""), until=given.get("to", ""))
    last = today(marketplace)
    first = last - SHOWN_BY_DEFAULT + timedelta(days=1)
    return Filters(search="", state=state, since=first.isoformat(), until=last.isoformat())


def _day(text: str, field: str) -> date | None:
    return read_day(text, field) if text.strip() else None


def _beside_fields(fields: dict[str, str]) -> dict[str, str]:
    """By the names of the page's own fields; what is about a page link stands above the list."""
    names = {"started_from": "from", "started_to": "to"}
    return {names.get(name, name): says[:1].upper() + says[1:] for name, says in fields.items()}
