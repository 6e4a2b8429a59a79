"""Setting up an authenticator app, and removing it: one's own second factor."""

from typing import Any

import segno
from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.connection import WebRequest
from web.console.answers import done, not_done, show_page
from web.forms import read_form_of
from web.rendering import see_other
from web.visit import StaffVisit
from workflows.access.second_factor_setup import (
    begin_enrolment,
    confirm_enrolment,
    enrolment_of,
    factor_of,
    remove_own_factor,
)
from workflows.runtime.errors import InvalidInput, NotFound

_PATH = "/account/second-factor"
_LOST = (
    "It is on already. The recovery codes were shown once: if you did not keep them, remove the second factor and set"
    " it up again."
)
_MODULE = 4  # pixels a module: large enough for a phone held before a screen


class SecondFactorPages(Controller):
    """From nothing to the recovery codes, and back."""

    opt = {"act": "account.own"}

    @route(_PATH, http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """What it is; while it is being set up, the secret to scan or type; afterwards how to remove it."""
        return await _show(request, visit)

    @post(_PATH, status_code=303, stands_on="account/second-factor")
    async def begin(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[None]:
        """Makes a secret; nothing is asked for before its first code came. 409 when a factor stands."""
        await read_form_of(request, visit)
        await begin_enrolment(visit.signed_in, visit.marketplace.name)
        return see_other(f"{visit.home}{_PATH}")

    @post(f"{_PATH}/confirm", status_code=200, stands_on="account/second-factor")
    async def confirm(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """Takes the first code and shows the recovery codes, this once. Sent again, it says that it is on."""
        form = await read_form_of(request, visit)
        try:
            codes = await confirm_enrolment(visit.signed_in, form.get("code", ""), request.app.state.limiter)
        except InvalidInput as refused:
            return await _show(request, visit, status=422, error=refused.fields["code"])
        except NotFound:
            if (await factor_of(visit.signed_in)).confirmed_at is None:
                raise
            return not_done(visit, _PATH.removeprefix("/"), _LOST)
        return show_page(request, visit, "recovery_codes", "account", codes=codes)

    @post(f"{_PATH}/remove", status_code=303, stands_on="account/second-factor")
    async def remove(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """Removes it, for a code: whoever finds a browser open must not be able to."""
        form = await read_form_of(request, visit)
        try:
            await remove_own_factor(visit.signed_in, form.get("code", ""), request.app.state.limiter)
        except InvalidInput as refused:
            return await _show(request, visit, status=422, error=refused.fields["code"])
        return done(visit, "account", "You sign in without a second factor from now on.")


async def _show(
    request: WebRequest, visit: StaffVisit, *, status: int = 200, error: str | None = None
) -> Response[str]:
    enrolment = await enrolment_of(visit.signed_in, visit.marketplace.name)
    picture = segno.make(enrolment.uri).svg_data_uri(scale=_MODULE, light="white", dark="black") if enrolment else None
    return show_page(
        request,
        visit,
        "second_factor",
        "account",
        status=status,
        enrolment=enrolment,
        picture=picture,
        factor=await factor_of(visit.signed_in),
        error=error,
    )
