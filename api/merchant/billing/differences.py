"""Where the marketplace's books and its gateway's differ, for the merchant to look into."""

from litestar import Controller, get

from api.openapi.responses import problems
from api.requests.provided import OwnMarketplace
from workflows.billing.reconciliation.differences import DifferenceShown, list_differences


class Differences(Controller):
    """What the nightly comparison found."""

    path = "/differences"
    tags = ("Payments",)

    @get(opt={"act": "differences.read"}, responses=problems(401, 403))
    async def list(self, marketplace: OwnMarketplace) -> list[DifferenceShown]:
        """Payments that the gateway tells differently, those seen last first; at most 500. None is mended by itself."""
        return await list_differences(marketplace.id)
