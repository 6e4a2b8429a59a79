"""One's own account in the console, by API."""

from typing import Annotated

from litestar import Controller, get, patch
from litestar.di import NamedDependency

from api.openapi.responses import BAD_BODY, example, problems
from api.requests.strict_json import StrictJSON
from workflows.access.own_account import Account, AccountChange, account_of, change_account
from workflows.marketplaces.staff import SignedInStaff

_CHANGE = example({"name": "Ann", "wants_failed_charge": True})


class AccountRoutes(Controller):
    """Whoever asks."""

    path = "/account"

    @get(responses=problems(401))
    async def read(self, signed_in: NamedDependency[SignedInStaff]) -> Account:
        """Who one is here, and the notices that one gets; null for those that the role does not get."""
        return await account_of(signed_in)

    @patch(dto=StrictJSON[AccountChange], return_dto=None, responses=problems(401, *BAD_BODY))
    async def change(
        self, signed_in: NamedDependency[SignedInStaff], data: Annotated[AccountChange, _CHANGE]
    ) -> Account:
        """Change what is given, or nothing at all."""
        return await change_account(signed_in, data)
