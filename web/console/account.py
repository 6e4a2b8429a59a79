"""One's own account: name, notices, and whether a second factor is asked for (PRODUCT.md 3.7)."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.connection import WebRequest
from web.console.answers import done, show_page
from web.forms import read_form_of
from web.visit import StaffVisit
from workflows.access.own_account import Account, AccountChange, account_of, change_account
from workflows.access.second_factor_setup import factor_of
from workflows.runtime.errors import InvalidInput

# fmt: off
_NOTICES = {
    "wants_failed_charge":     "A charge failed",
    "wants_self_cancellation": "A customer cancelled",
    "wants_failed_job":        "Work in the background was given up",
    "wants_broken_fact":       "Something that must always hold does not",
}
# fmt: on


class AccountPages(Controller):
    """Everybody's own."""

    opt = {"act": "account.own"}

    @route("/account", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """Who one is here, and what one gets by e-mail."""
        return await _show(request, visit, await account_of(visit.signed_in))

    @post("/account", status_code=303, stands_on="account")
    async def change(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """Keeps all of the form."""
        form = await read_form_of(request, visit)
        account = await account_of(visit.signed_in)
        offered = [name for name in _NOTICES if getattr(account, name) is not None]
        ticked = {name: form.get(name) == "yes" for name in offered}
        try:
            await change_account(visit.signed_in, AccountChange(name=form.get("name", ""), **ticked))
        except InvalidInput as refused:
            return await _show(request, visit, account, status=422, errors=refused.fields)
        return done(visit, "account", "Your account is changed.")


async def _show(
    request: WebRequest, visit: StaffVisit, account: Account, *, status: int = 200, errors: dict[str, str] | None = None
) -> Response[str]:
    notices = [(name, words, getattr(account, name)) for name, words in _NOTICES.items()]
    return show_page(
        request,
        visit,
        "account",
        "account",
        status=status,
        account=account,
        notices=[notice for notice in notices if notice[2] is not None],
        factor=await factor_of(visit.signed_in),
        errors=errors or {},
    )
