"""The list of subscriptions and its data cards, by API. What is done with one is in subscriptions.py."""

from datetime import date
from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from api.documented import problems
from api.listed import After, Before, Limit, asked
from api.provided import OwnMarketplace
from workflows.data_cards import DataCards, data_cards
from workflows.merchant_lists import State, SubscriptionPage, Wanted, list_subscriptions_of_marketplace

_READ = {"act": "subscriptions.read"}
_SEARCH = (
    "A subscription's number or id, or the beginning of its customer's address, name, or a word of the name;"
    " over all dates, so that dates cannot be given with it."
)


class SubscriptionList(Controller):
    """The marketplace's subscriptions, whosever."""

    path = "/subscriptions"
    tags = ("Subscriptions",)

    @get(opt=_READ, responses=problems(401, 403, 422))
    async def list(
        self,
        marketplace: OwnMarketplace,
        in_state: Annotated[
            State | None, QueryParameter(name="state", description="Only those in this state.")
        ] = None,  # `state` is a word of Litestar's
        started_from: Annotated[
            date | None, QueryParameter(description="First day of starts, in the marketplace's time zone.")
        ] = None,
        started_to: Annotated[date | None, QueryParameter(description="Last day of starts, itself included.")] = None,
        search: Annotated[str | None, QueryParameter(description=_SEARCH)] = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> SubscriptionPage:
        """List the subscriptions, the newest start first; or those that a search finds, in the order of what it found.

        Send a page's `after` or `before` back with the same filters for its neighbours.
        """
        wanted = Wanted(state=in_state, started_from=started_from, started_to=started_to, search=search)
        return await list_subscriptions_of_marketplace(marketplace, wanted, asked(after, before, limit))

    @get("/cards", opt=_READ, responses=problems(401, 403))
    async def cards(self, marketplace: OwnMarketplace) -> DataCards:
        """The three data cards: active now, failed charges, recovered revenue. At most a minute old; `as_of` says."""
        return await data_cards(marketplace)
