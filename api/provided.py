"""What a route is given by who calls it: names for its parameters. The providers are in api/credentials.py."""

from litestar.di import NamedDependency

from workflows.portal_views import Marketplace, SignedIn

SignedInCustomer = NamedDependency[SignedIn]
OwnMarketplace = NamedDependency[Marketplace]
