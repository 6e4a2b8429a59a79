"""From a template to an answer: Jinja with autoescape, one page shape, the headers that every page carries.

Nothing is marked safe but the words of our own catalogues: what people typed is text wherever it is shown.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from markupsafe import Markup

from web.console_navigation import Entry, entries_of
from web.pages.notices import Notice
from web.pages.show import Show, show_to_anybody
from web.pages.static_files import static_url
from web.requests.headers import page_headers
from web.requests.visit import SignedInContext, SiteContext, StaffContext
from workflows.access.views import SignedIn
from workflows.access_tokens.sites import CONSOLE
from workflows.customers.language import chosen_language
from workflows.languages.locales import LANGUAGES
from workflows.languages.templates import speaking
from workflows.runtime.errors import GatewayUnavailable

__all__ = ["leave_for", "page", "render", "see_other"]

_ELSEWHERE = re.compile(r"https?://[\x21-\x7e]+")


def _as_path(text: str) -> str:
    return quote(text, safe="/@")


@cache
def _templates(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(path=_as_path)
    return speaking(environment, language)


def render(template: str, door: SiteContext | None, show: Show | None = None, **context: object) -> str:
    """The HTML of a template. `door` None: a page that belongs to no marketplace. `show` is the door's, or English."""
    show = show or (door.show if door else show_to_anybody(""))
    signed_in = door.signed_in if isinstance(door, SignedInContext) else None
    given: dict[str, Any] = {
        "static": static_url,
        "marketplace": door.marketplace if door else None,
        "home": door.home if door else "/",
        "frame": "console/frame.html" if door and door.entrance is CONSOLE else "page.html",
        "navigation": _navigation(door) if isinstance(door, StaffContext) else (),
        "show": show,
        "signed_in": signed_in,
        "form_token": lambda: _form_token_field(signed_in.form_token) if signed_in else "",
        "here": "",
        "languages": LANGUAGES,
        "chosen_language": chosen_language(signed_in.locale).language if isinstance(signed_in, SignedIn) else None,
        "notice": None,
        **context,
    }
    return _templates(show.language).get_template(template).render(given)


def page(
    template: str,
    door: SiteContext | None,
    *,
    status: int = 200,
    cookies: Sequence[Cookie] = (),
    headers: dict[str, str] | None = None,
    notice: Notice | None = None,
    show: Show | None = None,
    **context: object,
) -> Response[str]:
    """A page as an answer. What it tells of the page before (`notice`) is in web/templates/portal/notice.html."""
    show = show or (door.show if door else show_to_anybody(""))
    return Response(
        render(template, door, show, notice=notice, **context),
        status_code=status,
        media_type=MediaType.HTML,
        headers={**page_headers(), **_language_headers(show), **(headers or {})},
        cookies=list(cookies),
    )


def _language_headers(show: Show) -> dict[str, str]:
    return {"Content-Language": show.locale.replace("_", "-"), "Vary": "Accept-Language, Cookie"}


def see_other(path: str, cookies: Sequence[Cookie] = ()) -> Response[None]:
    """303 to a path of ours: what follows a form, and what leads to the login page."""
    headers = {**page_headers(), "Location": path}
    return Response(None, status_code=303, media_type=MediaType.HTML, headers=headers, cookies=list(cookies))


def leave_for(url: str, door: SiteContext, where: str, cookies: Sequence[Cookie] = ()) -> Response[str]:
    """A page that goes on to a vendor's by itself: what a form answers that leads out of here.

    No redirect: browsers hold each of its stations against `form-action`, and a payment provider's lead on to banks
    that nobody can list. `where` names it, in the visitor's language. Raises
    GatewayUnavailable for what is no address of a page.
    """
    if not _ELSEWHERE.fullmatch(url):
        raise GatewayUnavailable("the gateway gave no address of a page")
    headers = {"Refresh": f"0; url={url}"}
    return page("portal/leaving.html", door, cookies=cookies, headers=headers, url=url, where=where)


def _navigation(visit: StaffContext) -> list[Entry]:
    return entries_of(visit.caller, sandbox=visit.marketplace.sandbox)


def _form_token_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="form_token" value="{}">').format(token)
