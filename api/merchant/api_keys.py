"""API keys, by API: seen, made, revoked."""

from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter

from api.documented import BAD_BODY, example, problems
from api.strict_json import StrictJSON
from workflows.access.api_keys import KeyShown, KeyWanted, NewKey, end_key, find_key, list_keys, make_key
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.short_numbers import uuid_of

_MANAGE = {"act": "keys.manage"}
_NEW = {"name": "Checkout", "scopes": ["customers:write", "orders:write"]}

KeyId = Annotated[str, PathParameter(description="The key's id; never the key.")]


class ApiKeys(Controller):
    """Keys of the marketplace."""

    path = "/api-keys"
    tags = ("People and keys",)

    @get(opt=_MANAGE, responses=problems(401, 403))
    async def list(self, caller: NamedDependency[Caller]) -> list[KeyShown]:
        """All of them, newest first, revoked ones included."""
        return await list_keys(caller.marketplace_id)

    @post(dto=StrictJSON[KeyWanted], return_dto=None, opt=_MANAGE, responses=problems(401, 403, *BAD_BODY))
    async def make(self, caller: NamedDependency[Caller], data: Annotated[KeyWanted, example(_NEW)]) -> NewKey:
        """Make a key: `key` is shown this once. A key gives no scope that it does not have."""
        return await make_key(caller, data)

    @get("/{key_id:str}", opt=_MANAGE, responses=problems(401, 403, 404))
    async def read(self, caller: NamedDependency[Caller], key_id: KeyId) -> KeyShown:
        """One of them."""
        return await find_key(caller.marketplace_id, uuid_of(key_id))

    @delete("/{key_id:str}", opt=_MANAGE, responses=problems(401, 403, 404))
    async def revoke(self, caller: NamedDependency[Caller], key_id: KeyId) -> None:
        """Revoke a key, at once and for good. Once more is harmless."""
        await end_key(caller, uuid_of(key_id))
