"""What must always hold, and what was found not to, by API (PRODUCT.md 6.6)."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from api.openapi.responses import problems
from api.requests.pagination import After, Before, Limit, asked
from api.requests.provided import OwnMarketplace
from workflows.audit.invariants.listed import InvariantList, Standing, ViolationPage, list_invariants, list_violations

_READ = {"act": "audit.read"}

OfFact = Annotated[str | None, QueryParameter(description="Of this fact only, by its name.")]
OfStanding = Annotated[
    Standing | None, QueryParameter(name="state", description="`open`: those that are there still; `gone`: the others.")
]


class InvariantRoutes(Controller):
    """What is checked by the hour and every night."""

    path = "/facts"
    tags = ("Audit",)

    @get(opt=_READ, responses=problems(401, 403))
    async def list(self, marketplace: OwnMarketplace) -> InvariantList:
        """List what must always hold, when it was last looked at, and how much breaks it now."""
        return await list_invariants(marketplace.id)

    @get("/breaches", opt=_READ, responses=problems(401, 403, 422))
    async def breaches(
        self,
        marketplace: OwnMarketplace,
        fact: OfFact = None,
        standing: OfStanding = None,
        after: After = None,
        before: Before = None,
        limit: Limit = None,
    ) -> ViolationPage:
        """List what was found to break a fact, the newest first. Nothing here is mended by Gatehouse itself."""
        return await list_violations(marketplace.id, asked(after, before, limit), fact=fact, standing=standing)
