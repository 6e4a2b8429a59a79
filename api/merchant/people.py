"""The people of a marketplace, by API: seen, invited, given another role, removed."""

from typing import Annotated

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from api.documented import BAD_BODY, example, problems
from api.strict_json import StrictJSON
from workflows.access.second_factor_setup import reset_factor
from workflows.access.team import (
    NewPerson,
    PersonShown,
    change_role,
    get_person,
    invite,
    list_people,
    remove_person,
    try_person_again,
)
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.short_numbers import uuid_of
from workflows.marketplaces.tenant import Marketplace

_MANAGE = {"act": "people.manage"}
_NEW = {"email": "ann@example.com", "name": "Ann", "role": "support"}
_ROLE = {"role": "analyst"}

PersonId = Annotated[str, PathParameter(description="The person's id.")]


class RoleGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another role: owner, support, analyst or auditor."""

    role: str


class People(Controller):
    """Who works for the merchant."""

    path = "/people"
    tags = ("People and keys",)

    @get(opt=_MANAGE, responses=problems(401, 403))
    async def list(self, caller: NamedDependency[Caller]) -> list[PersonShown]:
        """Everybody, by e-mail."""
        return await list_people(caller.marketplace_id)

    @post(dto=StrictJSON[NewPerson], return_dto=None, opt=_MANAGE, responses=problems(401, 403, 429, *BAD_BODY))
    async def invite(
        self,
        caller: NamedDependency[Caller],
        marketplace: NamedDependency[Marketplace],
        data: Annotated[NewPerson, example(_NEW)],
    ) -> PersonShown:
        """Add somebody and e-mail them where to sign in. At most 30 in an hour."""
        return await invite(marketplace, data, caller.actor)

    @get("/{person:str}", opt=_MANAGE, responses=problems(401, 403, 404))
    async def read(self, caller: NamedDependency[Caller], person: PersonId) -> PersonShown:
        """One of them."""
        return await get_person(caller.marketplace_id, uuid_of(person))

    @post("/{person:str}/try-again", status_code=200, opt=_MANAGE, responses=problems(401, 403, 404))
    async def try_again(self, caller: NamedDependency[Caller], person: PersonId) -> PersonShown:
        """Send mail to their address again, after it came back for good or they complained of spam."""
        return await try_person_again(caller.marketplace_id, uuid_of(person), caller.actor)

    @patch(
        "/{person:str}",
        dto=StrictJSON[RoleGiven],
        return_dto=None,
        opt=_MANAGE,
        responses=problems(401, 403, 404, 409, *BAD_BODY),
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        person: PersonId,
        data: Annotated[RoleGiven, example({"role": "analyst"})],
    ) -> PersonShown:
        """Give another role, from their next request on. 409 for the last owner."""
        return await change_role(caller.marketplace_id, uuid_of(person), data.role, caller.actor)

    @delete("/{person:str}", opt=_MANAGE, responses=problems(401, 403, 404, 409))
    async def remove(self, caller: NamedDependency[Caller], person: PersonId) -> None:
        """Remove somebody: their sessions and links end at once. 409 for the last owner."""
        await remove_person(caller.marketplace_id, uuid_of(person), caller.actor)

    @delete("/{person:str}/second-factor", opt=_MANAGE, responses=problems(401, 403, 404))
    async def reset_second_factor(self, caller: NamedDependency[Caller], person: PersonId) -> None:
        """Remove the second factor of somebody who lost it. 404 when there is none."""
        await reset_factor(caller.marketplace_id, uuid_of(person), caller.actor)
