"""One's own second factor, by API."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency

from api.documented import BAD_BODY, example, problems
from api.strict_json import StrictJSON
from workflows.access.second_factor_setup import (
    Enrolment,
    FactorShown,
    begin_enrolment,
    confirm_enrolment,
    factor_of,
    remove_own_factor,
)
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.staff import SignedInStaff

_CODE = example({"code": "123456"})


class OneCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The newest code of the authenticator app; to remove the factor also a recovery code."""

    code: str


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Each stands for the app once. Shown here once."""

    recovery_codes: list[str]


class SecondFactorRoutes(Controller):
    """Set up, confirmed, removed."""

    path = "/second-factor"

    @get(responses=problems(401))
    async def read(self, signed_in: NamedDependency[SignedInStaff]) -> FactorShown:
        """Since when a code is asked for (null: not at all), and how many recovery codes are left."""
        return await factor_of(signed_in)

    @post(status_code=201, responses=problems(401, 409))
    async def begin(self, signed_in: NamedDependency[SignedInStaff]) -> Enrolment:
        """Make a secret for an authenticator app. Nothing is asked for before it is confirmed. 409 when one stands."""
        marketplace = await marketplace_by_id(signed_in.marketplace_id)
        return await begin_enrolment(signed_in, marketplace.name)

    @post(
        "/confirm",
        dto=StrictJSON[OneCode],
        return_dto=None,
        status_code=200,
        responses=problems(401, 404, 429, *BAD_BODY),
    )
    async def confirm(
        self,
        request: Request[Any, Any, Any],
        signed_in: NamedDependency[SignedInStaff],
        data: Annotated[OneCode, _CODE],
    ) -> RecoveryCodes:
        """Give the app's first code: from now on one is asked for at sign-in."""
        codes = await confirm_enrolment(signed_in, data.code, request.app.state.limiter)
        return RecoveryCodes(recovery_codes=codes)

    @post(
        "/remove",
        dto=StrictJSON[OneCode],
        return_dto=None,
        status_code=204,
        responses=problems(401, 404, 429, *BAD_BODY),
    )
    async def remove(
        self,
        request: Request[Any, Any, Any],
        signed_in: NamedDependency[SignedInStaff],
        data: Annotated[OneCode, _CODE],
    ) -> None:
        """Remove it, for a code."""
        await remove_own_factor(signed_in, data.code, request.app.state.limiter)
