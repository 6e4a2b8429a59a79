"""The language that a signed-in customer chooses, in the footer of each page."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.pages.rendering import see_other
from web.requests.connection import WebRequest
from web.requests.cookies import is_inside
from web.requests.forms import read_form_of
from web.requests.visit import CustomerContext
from workflows.customers.language import LanguageChoice, choose_language


class LanguagePages(Controller):
    """One form, which leads back to the page that it stands on."""

    @post("/language", status_code=303)
    async def choose(self, request: WebRequest, visit: NamedDependency[CustomerContext]) -> Response[Any]:
        """Keeps the choice; nothing chosen means as the browser asks. 422 for a language that there is not."""
        form = await read_form_of(request, visit)
        choice = LanguageChoice(language=form.get("language") or None)
        await choose_language(visit.marketplace.id, visit.signed_in.customer_id, choice, visit.actor)
        back = f"{visit.home}/{form.get('back', '')}"
        return see_other(back if is_inside(visit.home, back) else visit.landing)

    @route("/language", http_method=["GET", "HEAD"], status_code=303)
    async def after_form(self, visit: NamedDependency[CustomerContext]) -> Response[None]:
        """Somebody came back to the form's address."""
        return see_other(visit.landing)
