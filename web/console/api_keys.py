"""API keys: listed with their last use, made with scopes and shown once, revoked after a question (PRODUCT.md 3.8)."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done, not_done, show_page
from web.console.once import SentBefore, new_once, once
from web.forms import read_form_of
from web.visit import StaffVisit
from workflows.access.api_keys import KeyWanted, end_key, find_key, list_keys, make_key
from workflows.marketplaces.permissions import ACTS
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.errors import InvalidInput

_ONE = "/api-keys/{key_id:str}/revoke"
_LOST = "Its key was shown once: if nobody kept it, revoke it and make another."


class ApiKeyPages(Controller):
    """Keys for the merchant's own programs."""

    opt = {"act": "keys.manage"}

    @route("/api-keys", http_method=["GET", "HEAD"])
    async def all(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """Live ones first, then what was revoked."""
        keys = sorted(await list_keys(visit.marketplace.id), key=lambda key: key.revoked_at is not None)
        return show_page(request, visit, "api_keys", "api-keys", keys=keys)

    @route("/api-keys/new", http_method=["GET", "HEAD"])
    async def ask(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """A form: a name, and what the key may."""
        return _form(request, visit)

    @post("/api-keys/new", status_code=200, stands_on="api-keys")
    async def make(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """Shows the key, this once. Sent again, it leads to the list."""
        form = await read_form_of(request, visit)
        chosen = [scope for scope in visit.caller.gives() if form.get(scope) == "yes"]
        wanted = KeyWanted(name=form.get("name", ""), scopes=chosen)
        try:
            made = await once(request, visit, form, lambda _: make_key(visit.caller, wanted))
        except InvalidInput as refused:
            return _form(request, visit, status=422, name=wanted.name, chosen=chosen, errors=refused.fields)
        except SentBefore:
            return not_done(visit, "api-keys", f"“{wanted.name.strip()}” is made already. {_LOST}")
        return show_page(request, visit, "api_key_made", "api-keys", name=wanted.name.strip(), key=made.key)

    @route(_ONE, http_method=["GET", "HEAD"])
    async def ask_to_revoke(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], key_id: FromPath[str]
    ) -> Response[str]:
        """Names the key and what stops."""
        found = await find_key(visit.marketplace.id, uuid_of(key_id))
        return show_page(request, visit, "api_key_revoke", "api-keys", key=found)

    @post(_ONE, status_code=303, stands_on="api-keys")
    async def revoke(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], key_id: FromPath[str]
    ) -> Response[None]:
        """Ends it at once; once more is harmless."""
        await read_form_of(request, visit)
        found = await find_key(visit.marketplace.id, uuid_of(key_id))
        await end_key(visit.caller, found.id)
        return done(visit, "api-keys", f"The key “{found.name}” is revoked.")


def _form(
    request: WebRequest,
    visit: StaffVisit,
    *,
    status: int = 200,
    name: str = "",
    chosen: list[str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    scopes = [
        (scope, ". ".join(act.says for act in ACTS.values() if act.scope == scope)) for scope in visit.caller.gives()
    ]
    return show_page(
        request,
        visit,
        "api_key_new",
        "api-keys",
        status=status,
        scopes=scopes,
        name=name,
        chosen=chosen or [],
        errors=errors or {},
        once=new_once(),
    )
