"""What a route is given by who calls it: names for its parameters. The providers are in api/requests/credentials.py."""

from uuid import UUID

from litestar.di import NamedDependency

from workflows.access.views import SignedIn
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.tenant import Marketplace

SignedInCustomer = NamedDependency[SignedIn]
OwnMarketplace = NamedDependency[Marketplace]
Asking = NamedDependency[Caller]
NewId = NamedDependency[UUID | None]  # of what the request makes (api/requests/idempotency.py)
Expected = NamedDependency[frozenset[str] | None]  # the versions that a change expects (api/requests/etags.py)
