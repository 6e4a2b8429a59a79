"""The people who work for a merchant: who they are, how they are found, who of them wants to hear of what.

How they come, change and go is in workflows/access/team.py.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from models.database import Record, fetch, fetch_row
from workflows.engine.actor import Actor
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.permissions import ACTS, ROLES, Role

StaffNotice = Literal["failed_charge", "self_cancellation", "failed_job", "broken_fact"]

# What one can want to hear of, and the act that one's role must allow: a notice shows what it is about.
# fmt: off
NOTICES: dict[StaffNotice, str] = {
    "failed_charge":     "subscriptions.read",
    "self_cancellation": "subscriptions.read",
    "failed_job":        "account.own",
    "broken_fact":       "audit.read",
}
# fmt: on


class SignedInStaff(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the staff with a live session."""

    session_id: UUID
    marketplace_id: UUID
    staff_id: UUID
    email: str
    name: str
    role: Role
    expires_at: datetime
    form_token: str  # bound to the session; every form carries it back

    @property
    def actor(self) -> Actor:
        """The person, as the log names them."""
        return Actor("staff", self.staff_id)

    @property
    def caller(self) -> Caller:
        """The person, as the guards of acts know them."""
        return Caller(kind="staff", id=self.staff_id, marketplace_id=self.marketplace_id, role=self.role)


async def find_member(marketplace_id: UUID, email: str) -> Record | None:
    """Who of the staff has that address, whatever its case; locked, so that two requests are counted one by one."""
    return await fetch_row(
        "SELECT * FROM staff WHERE marketplace_id = $1 AND lower(email) = lower($2) AND removed_at IS NULL"
        " FOR NO KEY UPDATE",
        marketplace_id,
        email,
    )


async def lock_member(marketplace_id: UUID, staff_id: UUID) -> Record | None:
    """One of the staff, locked like `find_member`'s; None for who was removed."""
    return await fetch_row(
        "SELECT * FROM staff WHERE marketplace_id = $1 AND id = $2 AND removed_at IS NULL FOR NO KEY UPDATE",
        marketplace_id,
        staff_id,
    )


async def who_wants(marketplace_id: UUID, notice: StaffNotice) -> list[Record]:
    """Who of the staff wants to hear of it, and may by their role of now: id, email, name, role, oldest first."""
    may = [role for role in ROLES if ACTS[NOTICES[notice]].allows(role)]
    return await fetch(
        f"SELECT id, email, name, role FROM staff WHERE marketplace_id = $1 AND removed_at IS NULL"
        f" AND wants_{notice} AND role = ANY($2) ORDER BY id",
        marketplace_id,
        may,
    )
