"""Who asks for an act of the merchant's side: a member of the staff by their role, or an API key by its scopes."""

from typing import Literal
from uuid import UUID

import msgspec

from workflows.engine.actor import Actor
from workflows.marketplaces.permissions import ACTS, SCOPES, Role
from workflows.runtime.errors import Forbidden


class ActForbidden(Forbidden):
    """Raised when the role or the key is known and the table of acts says no."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the staff (`role`), or an API key (`role` None, `scopes`)."""

    kind: Literal["staff", "api_key"]
    id: UUID
    marketplace_id: UUID
    role: Role | None = None
    scopes: list[str] = []

    @property
    def actor(self) -> Actor:
        """The caller, as the log names them."""
        return Actor(self.kind, self.id)

    def may(self, act: str) -> bool:
        """Whether the table of acts (workflows/marketplaces/permissions.py) says yes. Raises KeyError for an act
        that is not in it.
        """
        row = ACTS[act]
        return row.scope in self.scopes if self.role is None else row.allows(self.role)

    def gives(self) -> list[str]:
        """The scopes that the caller may give a key: what they may do themselves."""
        return [scope for scope in SCOPES if all(self.may(act.name) for act in ACTS.values() if act.scope == scope)]

    def require(self, act: str) -> None:
        """Raises ActForbidden where it says no."""
        if not self.may(act):
            if self.role is None:
                raise ActForbidden(f"this API key has no scope {ACTS[act].scope}")
            raise ActForbidden(f"the role {self.role} may not: {ACTS[act].says}")
