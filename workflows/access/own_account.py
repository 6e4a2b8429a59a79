"""A member of the staff's own account: their name, and what they want to hear of (PRODUCT.md 3.7)."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from models.database import execute, fetch_row, transaction
from workflows.languages.typed_text import one_line
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.permissions import Role
from workflows.marketplaces.staff import NOTICES, SignedInStaff
from workflows.runtime.errors import InvalidInput, NotFound

_LONGEST_NAME = 120


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who one is here. The notices: which e-mails one wants; those that the role may not get are None."""

    email: str
    name: str
    role: Role
    wants_failed_charge: bool | None
    wants_self_cancellation: bool | None
    wants_failed_job: bool | None
    wants_broken_fact: bool | None


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; a field left out stays as it is."""

    name: str | UnsetType = UNSET
    wants_failed_charge: bool | UnsetType = UNSET
    wants_self_cancellation: bool | UnsetType = UNSET
    wants_failed_job: bool | UnsetType = UNSET
    wants_broken_fact: bool | UnsetType = UNSET


async def account_of(signed_in: SignedInStaff) -> Account:
    """The account of whoever asks."""
    row = await fetch_row(
        "SELECT email, name, role, wants_failed_charge, wants_self_cancellation, wants_failed_job, wants_broken_fact"
        " FROM staff WHERE marketplace_id = $1 AND id = $2",
        signed_in.marketplace_id,
        signed_in.staff_id,
    )
    if row is None:
        raise NotFound("no such person")
    may = {f"wants_{notice}": signed_in.caller.may(act) for notice, act in NOTICES.items()}
    shown: dict[str, Any] = {name: value if may.get(name, True) else None for name, value in row.items()}
    return Account(**shown)


async def change_account(signed_in: SignedInStaff, change: AccountChange) -> Account:
    """Changes what was given. Raises InvalidInput for too long a name, and for a notice that the role may not get."""
    fields = change.__struct_fields__
    given: dict[str, Any] = {name: getattr(change, name) for name in fields if getattr(change, name) is not UNSET}
    problems: dict[str, str] = {}
    if "name" in given:
        given["name"] = one_line(given["name"])
        if len(given["name"]) > _LONGEST_NAME:
            problems["name"] = f"must have at most {_LONGEST_NAME} characters."
    for notice, act in NOTICES.items():
        if given.get(f"wants_{notice}") and not signed_in.caller.may(act):
            problems[f"wants_{notice}"] = f"The role {signed_in.role} does not get these."
    if problems:
        raise InvalidInput(problems)
    if given:
        await _keep(signed_in, given)
    return await account_of(signed_in)


async def _keep(signed_in: SignedInStaff, given: dict[str, Any]) -> None:
    where = (signed_in.marketplace_id, signed_in.staff_id)
    names = ", ".join(given)
    async with transaction():
        before = await fetch_row(f"SELECT {names} FROM staff WHERE marketplace_id = $1 AND id = $2 FOR UPDATE", *where)
        assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(given, start=3))
        await execute(f"UPDATE staff SET {assignments} WHERE marketplace_id = $1 AND id = $2", *where, *given.values())
        await record_change(where[0], signed_in.actor, f"staff:{where[1]}", "changed", dict(before or {}), given)
