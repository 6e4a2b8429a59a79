"""The people of a marketplace, as an owner keeps them: invited, given another role, removed.

A marketplace always has an owner: the last one can be neither removed nor given another role. What is removed ends at
once: sessions, links, second factor. Everything is written down (workflows/marketplaces/change_log.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from models.database import Record, execute, fetch, fetch_all, fetch_row, fetch_value, retrying, transaction
from workflows.access.second_factor_setup import forget_factor
from workflows.customers.addresses import clean_email
from workflows.emails.delivery.stage import stage_email
from workflows.emails.delivery.suppression import forget_mark
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire_where
from workflows.languages.typed_text import one_line
from workflows.machines import ACCESS_TOKEN, PORTAL_SESSION
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.permissions import ROLES, Role
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput, NotFound, TooManyRequests, WorkflowError

INVITATIONS_PER_HOUR = 30  # a marketplace: invitations must not serve to send mail to strangers
_HOUR = timedelta(hours=1)
_LONGEST_NAME = 120


class LastOwner(WorkflowError):
    """Raised when the marketplace would be left without an owner."""

    code = "last_owner"


class NewPerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody to be invited."""

    email: str
    role: str
    name: str = ""


class PersonShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works for the merchant. `last_seen_at` is their last sign-in; None: not yet. `undeliverable`: mail
    to the address stopped, because it came back for good or they complained of spam."""

    id: UUID
    email: str
    name: str
    role: Role
    invited_at: datetime
    last_seen_at: datetime | None
    second_factor: bool
    undeliverable: Literal["hard_bounce", "complaint"] | None


_SHOWN = (
    "SELECT staff.id, staff.email, staff.name, staff.role, staff.created_at AS invited_at,"
    " (SELECT max(started_at) FROM portal_session WHERE marketplace_id = staff.marketplace_id"
    " AND staff_id = staff.id) AS last_seen_at,"
    " EXISTS (SELECT FROM second_factor WHERE marketplace_id = staff.marketplace_id AND staff_id = staff.id"
    " AND confirmed_at IS NOT NULL) AS second_factor, staff.undeliverable"
    " FROM staff WHERE staff.marketplace_id = $1 AND staff.removed_at IS NULL"
)


async def list_people(marketplace_id: UUID) -> list[PersonShown]:
    """Everybody who works for the merchant, by e-mail."""
    return await fetch_all(PersonShown, f"{_SHOWN} ORDER BY lower(staff.email)", marketplace_id)


async def get_person(marketplace_id: UUID, staff_id: UUID) -> PersonShown:
    """One of them. Raises NotFound, also for who was removed."""
    row = await fetch_row(f"{_SHOWN} AND staff.id = $2", marketplace_id, staff_id)
    if row is None:
        raise NotFound("no such person")
    return PersonShown(**row)


async def try_person_again(marketplace_id: UUID, staff_id: UUID, by: Actor) -> PersonShown:
    """Lets mail go to a person's address again; nothing when it does. Raises NotFound."""
    await get_person(marketplace_id, staff_id)
    await forget_mark("staff", marketplace_id, staff_id, by)
    return await get_person(marketplace_id, staff_id)


async def invite(marketplace: Marketplace, new: NewPerson, by: Actor) -> PersonShown:
    """Adds somebody and e-mails them where to sign in. Raises InvalidInput naming each field that breaks its rule,
    TooManyRequests past 30 invitations in an hour."""
    email, name = clean_email(new.email), one_line(new.name)
    problems = _role_problem(new.role)
    if len(name) > _LONGEST_NAME:
        problems["name"] = f"must have at most {_LONGEST_NAME} characters."
    if problems:
        raise InvalidInput(problems)
    async with transaction():
        await _refuse_flood(marketplace.id)
        staff_id = await _add(marketplace.id, email, name, new.role)
        await record_change(marketplace.id, by, f"staff:{staff_id}", "invited", after={"role": new.role})
        await stage_email(
            marketplace.id,
            template="staff_invitation",
            recipient=email,
            cause=f"staff:{staff_id}",
            staff_id=staff_id,
            context={"role": new.role},
            by=by,
        )
    return await get_person(marketplace.id, staff_id)


async def _refuse_flood(marketplace_id: UUID) -> None:
    await execute("SELECT FROM marketplace WHERE id = $1 FOR NO KEY UPDATE", marketplace_id)
    sent = await fetch_value(
        "SELECT count(*) FROM staff WHERE marketplace_id = $1 AND created_at > $2", marketplace_id, now() - _HOUR
    )
    if sent >= INVITATIONS_PER_HOUR:
        raise TooManyRequests("invitations", int(_HOUR.total_seconds()))


async def _add(marketplace_id: UUID, email: str, name: str, role: str) -> UUID:
    try:
        async with transaction():
            staff_id: UUID = await fetch_value(
                "INSERT INTO staff (marketplace_id, email, name, role, created_at) VALUES ($1, $2, $3, $4, $5)"
                " RETURNING id",
                marketplace_id,
                email,
                name,
                role,
                now(),
            )
    except asyncpg.UniqueViolationError:
        raise InvalidInput({"email": "Somebody with this address is here already."}) from None
    return staff_id


@retrying
async def change_role(marketplace_id: UUID, staff_id: UUID, role: str, by: Actor) -> PersonShown:
    """Gives somebody another role, which counts from their next request. Raises InvalidInput, NotFound, LastOwner."""
    async with transaction():
        people = await _lock_everybody(marketplace_id)
        person = _one_of(people, staff_id)
        if problems := _role_problem(role):
            raise InvalidInput(problems)
        if role != "owner":
            _keep_an_owner(people, person)
        await execute(
            "UPDATE staff SET role = $3 WHERE marketplace_id = $1 AND id = $2", marketplace_id, staff_id, role
        )
        before, after = {"role": person["role"]}, {"role": role}
        await record_change(marketplace_id, by, f"staff:{staff_id}", "changed", before, after)
    return await get_person(marketplace_id, staff_id)


@retrying
async def remove_person(marketplace_id: UUID, staff_id: UUID, by: Actor) -> None:
    """Removes somebody: their sessions and links end at once. Raises NotFound, LastOwner."""
    async with transaction():
        people = await _lock_everybody(marketplace_id)
        person = _one_of(people, staff_id)
        _keep_an_owner(people, person)
        await execute(
            "UPDATE staff SET removed_at = $3 WHERE marketplace_id = $1 AND id = $2", marketplace_id, staff_id, now()
        )
        for machine in (ACCESS_TOKEN, PORTAL_SESSION):
            where = "marketplace_id = $1 AND staff_id = $2"
            await fire_where(machine, "revoke", where, (marketplace_id, staff_id), Move(by, "person_removed"))
        await forget_factor(marketplace_id, staff_id)
        await record_change(marketplace_id, by, f"staff:{staff_id}", "removed", before={"role": person["role"]})


async def _lock_everybody(marketplace_id: UUID) -> list[Record]:
    """All of them, in one order: two owners who remove each other at once must not both succeed."""
    return await fetch(
        "SELECT id, role FROM staff WHERE marketplace_id = $1 AND removed_at IS NULL ORDER BY id FOR NO KEY UPDATE",
        marketplace_id,
    )


def _one_of(people: Sequence[Record], staff_id: UUID) -> Record:
    person = next((one for one in people if one["id"] == staff_id), None)
    if person is None:
        raise NotFound("no such person")
    return person


def _keep_an_owner(people: Sequence[Record], person: Record) -> None:
    if person["role"] == "owner" and sum(one["role"] == "owner" for one in people) == 1:
        raise LastOwner("the marketplace would have no owner")


def _role_problem(role: str) -> dict[str, str]:
    return {} if role in ROLES else {"role": f"must be one of {', '.join(ROLES)}."}
