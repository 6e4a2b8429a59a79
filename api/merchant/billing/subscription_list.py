"""The list of subscriptions, as CSV too, and its data cards, by API. What is done with one is in subscriptions.py."""

from datetime import date
from typing import Annotated

from litestar import Controller, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from api.openapi.responses import problems
from api.requests.pagination import After, Before, Limit, asked
from api.requests.provided import OwnMarketplace
from workflows.billing.subscriptions.data_cards import DataCards, data_cards
from workflows.billing.subscriptions.export import MEDIA_TYPE, export_subscriptions
from workflows.billing.subscriptions.staff_lists import (
    State,
    SubscriptionFilter,
    SubscriptionPage,
    list_subscriptions_of_marketplace,
)
from workflows.marketplaces.days import today

_READ = {"act": "subscriptions.read"}
_CSV: dict[int, ResponseSpec] = {
    200: ResponseSpec(str, description="The file.", media_type=MEDIA_TYPE, generate_examples=False),
}
_SEARCH = (
    "A subscription's number or id, or the beginning of its customer's address, name, or a word of the name;"
    " over all dates, so that dates cannot be given with it."
)


InState = Annotated[State | None, QueryParameter(name="state", description="Only those in this state.")]
StartedFrom = Annotated[date | None, QueryParameter(description="First day of starts, in the marketplace's time zone.")]
StartedTo = Annotated[date | None, QueryParameter(description="Last day of starts, itself included.")]


class SubscriptionList(Controller):
    """The marketplace's subscriptions, whosever."""

    path = "/subscriptions"
    tags = ("Subscriptions",)

    @get(opt=_READ, responses=problems(401, 403, 422))
    async def list(
        self,
        marketplace: OwnMarketplace,
        in_state: InState = None,  # `state` is a word of Litestar's
        started_from: StartedFrom = None,
        started_to: StartedTo = None,
        search: Annotated[str | None, QueryParameter(description=_SEARCH)] = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> SubscriptionPage:
        """List the subscriptions, the newest start first; or those that a search finds, in the order of what it found.

        Send a page's `after` or `before` back with the same filters for its neighbours.
        """
        wanted = SubscriptionFilter(state=in_state, started_from=started_from, started_to=started_to, search=search)
        return await list_subscriptions_of_marketplace(marketplace, wanted, asked(after, before, limit))

    @get("/cards", opt=_READ, responses=problems(401, 403))
    async def cards(self, marketplace: OwnMarketplace) -> DataCards:
        """The three data cards: active now, failed charges, recovered revenue. At most a minute old; `as_of` says."""
        return await data_cards(marketplace)

    @get("/export", opt={"act": "export"}, responses={**_CSV, **problems(401, 403, 422)})
    async def export(
        self,
        marketplace: OwnMarketplace,
        in_state: InState = None,
        started_from: StartedFrom = None,
        started_to: StartedTo = None,
        search: Annotated[
            str | None, QueryParameter(description="As for the list: over all dates, without them.")
        ] = None,
    ) -> Stream:
        """All that the list shows on all its pages, as CSV for a spreadsheet: UTF-8 with a byte order mark."""
        wanted = SubscriptionFilter(state=in_state, started_from=started_from, started_to=started_to, search=search)
        name = f"subscriptions-{marketplace.slug}-{today(marketplace).isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Stream(await export_subscriptions(marketplace, wanted), media_type=MEDIA_TYPE, headers=headers)
