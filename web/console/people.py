"""People: who works for the merchant, inviting somebody, and one person with their role (PRODUCT.md 3.7)."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done, show_page
from web.forms import read_form_of
from web.visit import StaffVisit
from workflows.access.second_factor_setup import reset_factor
from workflows.access.team import (
    NewPerson,
    change_role,
    get_person,
    invite,
    list_people,
    remove_person,
    try_person_again,
)
from workflows.marketplaces.permissions import ROLES
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.errors import InvalidInput

_ONE = "/people/{person:str}"

# What each role is, for whoever chooses one; what exactly it may is in docs/roles.md.
# fmt: off
ROLE_WORDS = {
    "owner":   "everything, people and API keys included",
    "support": "subscriptions and their customers; no settings",
    "analyst": "reads settings, subscriptions and reports, and exports",
    "auditor": "the log and its proofs, nothing else",
}
# fmt: on


class PeoplePages(Controller):
    """Everybody, and an invitation."""

    opt = {"act": "people.manage"}

    @route("/people", http_method=["GET", "HEAD"])
    async def all(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """The list, with a form to invite somebody."""
        return await _list(request, visit)

    @post("/people", status_code=303, stands_on="people")
    async def invite(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """Adds somebody, who gets an e-mail that says where to sign in."""
        form = await read_form_of(request, visit)
        new = NewPerson(email=form.get("email", ""), name=form.get("name", ""), role=form.get("role", ""))
        try:
            invited = await invite(visit.marketplace, new, visit.actor)
        except InvalidInput as refused:
            return await _list(request, visit, status=422, typed=form, errors=refused.fields)
        return done(visit, "people", f"{invited.email} is invited.")

    @route(_ONE, http_method=["GET", "HEAD"])
    async def one(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[str]:
        """One person: role, second factor, and the way out."""
        found = await get_person(visit.marketplace.id, uuid_of(person))
        return show_page(request, visit, "person", "people", person=found, roles=ROLE_WORDS)

    @post(f"{_ONE}/role", status_code=303, stands_on="people")
    async def change_role(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[None]:
        """Gives another role, from the person's next request on. 409 for the last owner."""
        form = await read_form_of(request, visit)
        changed = await change_role(visit.marketplace.id, uuid_of(person), form.get("role", ""), visit.actor)
        sentence = f"{changed.email} is now {changed.role}."
        # Whoever gave up their own ownership cannot see this page any more.
        own = changed.id == visit.signed_in.staff_id and changed.role != "owner"
        return done(visit, "account" if own else f"people/{changed.id}", sentence)

    @post(f"{_ONE}/try-again", status_code=303, stands_on="people")
    async def try_again(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[None]:
        """Mail goes to their address again."""
        await read_form_of(request, visit)
        found = await try_person_again(visit.marketplace.id, uuid_of(person), visit.actor)
        return done(visit, f"people/{found.id}", f"Mail goes to {found.email} again.")

    @route(f"{_ONE}/remove", http_method=["GET", "HEAD"])
    async def ask_to_remove(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[str]:
        """Names what ends."""
        found = await get_person(visit.marketplace.id, uuid_of(person))
        return show_page(request, visit, "person_remove", "people", person=found)

    @post(f"{_ONE}/remove", status_code=303, stands_on="people")
    async def remove(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[None]:
        """Ends their sessions and links at once. 409 for the last owner."""
        await read_form_of(request, visit)
        found = await get_person(visit.marketplace.id, uuid_of(person))
        await remove_person(visit.marketplace.id, found.id, visit.actor)
        return done(visit, "people", f"{found.email} is removed and signed out everywhere.")

    @route(f"{_ONE}/second-factor", http_method=["GET", "HEAD"])
    async def ask_to_reset(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[str]:
        """Says what it means to remove somebody's second factor."""
        found = await get_person(visit.marketplace.id, uuid_of(person))
        return show_page(request, visit, "person_second_factor", "people", person=found)

    @post(f"{_ONE}/second-factor", status_code=303, stands_on="people")
    async def reset_factor(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], person: FromPath[str]
    ) -> Response[None]:
        """For a person who lost theirs. 404 when there is none."""
        await read_form_of(request, visit)
        found = await get_person(visit.marketplace.id, uuid_of(person))
        await reset_factor(visit.marketplace.id, found.id, visit.actor)
        return done(visit, f"people/{found.id}", f"{found.email} signs in without a second factor from now on.")


async def _list(
    request: WebRequest,
    visit: StaffVisit,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    return show_page(
        request,
        visit,
        "people",
        "people",
        status=status,
        people=await list_people(visit.marketplace.id),
        roles=ROLE_WORDS,
        typed={"email": "", "name": "", "role": ROLES[1], **(typed or {})},
        errors=errors or {},
    )
