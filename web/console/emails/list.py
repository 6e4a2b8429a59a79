"""The e-mails (PRODUCT.md 5.1): every one to look at, case by case; those to customers to put into one's own words."""

from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath

from web.console.answers import done, show_page
from web.console.emails.one_email import SANDBOX, Chosen, page_of, typed_in
from web.pages.rendering import page
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.headers import content_policy, page_headers
from web.requests.visit import StaffContext
from workflows.emails.gallery import every_email, one_email, preview, preview_saved, send_test
from workflows.emails.templates.texts import change_text, checked_words, email_text, reset_text
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput

_ONE = "/emails/{template:str}"
_LARGEST = 64 * 1024  # bytes: the longest texts in an alphabet whose letters a form writes with nine characters each


class EmailPages(Controller):
    """All e-mails, and one of them."""

    @route("/emails", http_method=["GET", "HEAD"], act="settings.read")
    async def all(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Which there are, when each is sent, whose words it has."""
        emails = await every_email(visit.marketplace)
        return show_page(request, visit, "emails/emails", "emails", emails=emails)

    @route(_ONE, http_method=["GET", "HEAD"], act="settings.read")
    async def one(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[str]:
        """What it looks like, its texts, its variables."""
        email = await one_email(visit.marketplace, template)
        return await page_of(request, visit, email, Chosen.of(request.query_params))

    @post(_ONE, status_code=303, act="settings.write", stands_on="emails", request_max_body_size=_LARGEST)
    async def change(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[Any]:
        """Saves its texts; 422 with the reasons beside the fields, 409 when somebody else was faster."""
        form = await read_form_of(request, visit)
        chosen = Chosen.of(form)
        expected = frozenset({form["version"]}) if form.get("version") else None
        try:
            await change_text(visit.marketplace.id, template, typed_in(form), visit.actor, chosen.language, expected)
        except InvalidInput as refused:
            email = await one_email(visit.marketplace, template)
            return await page_of(request, visit, email, chosen, status=422, typed=form, errors=refused.fields)
        except ChangedMeanwhile:
            email = await one_email(visit.marketplace, template)
            return await page_of(request, visit, email, chosen, status=409, typed=form, overtaken=True)
        return done(visit, _path(template, chosen), "The texts are saved. The next e-mail has them.")

    @route(f"{_ONE}/preview", http_method=["GET", "HEAD"], act="settings.read")
    async def preview(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[str]:
        """The e-mail in its present words, for the frame."""
        chosen = Chosen.of(request.query_params)
        return _framed((await preview_saved(visit.marketplace, template, chosen.case, chosen.language)).html)

    @post(f"{_ONE}/preview", status_code=200, act="settings.write", stands_on="emails", request_max_body_size=_LARGEST)
    async def preview_typed(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[str]:
        """The e-mail in words that are not saved yet, or what is wrong with them: for the frame, which the form names
        as its target."""
        form = await read_form_of(request, visit)
        chosen = Chosen.of(form)
        try:
            words = checked_words(template, typed_in(form), chosen.language)
        except InvalidInput as refused:
            return page("console/emails/email_refused.html", visit, headers=_framing("'self'"), errors=refused.fields)
        return _framed(preview(visit.marketplace, template, words, chosen.case, chosen.language).html)

    @post(f"{_ONE}/test", status_code=303, act="settings.write", stands_on="emails")
    async def test(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[None]:
        """Sends it, with the example's facts, to the address of whoever is signed in."""
        chosen = Chosen.of(await read_form_of(request, visit))
        address = await send_test(visit.marketplace, template, visit.actor, chosen.case, chosen.language)
        return done(visit, _path(template, chosen), f"A test e-mail is on its way to {address}.")

    @route(f"{_ONE}/reset", http_method=["GET", "HEAD"], act="settings.write")
    async def ask_to_reset(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[str]:
        """Says what is lost."""
        chosen = Chosen.of(request.query_params)
        text = await email_text(visit.marketplace.id, template, chosen.language)
        email = await one_email(visit.marketplace, template)
        return show_page(
            request, visit, "emails/email_reset", "emails", text=text, email=email, chosen=chosen, version=version(text)
        )

    @post(f"{_ONE}/reset", status_code=303, act="settings.write", stands_on="emails")
    async def reset(
        self, request: WebRequest, visit: NamedDependency[StaffContext], template: FromPath[str]
    ) -> Response[None]:
        """Gives the merchant's words up."""
        chosen = Chosen.of(await read_form_of(request, visit))
        await reset_text(visit.marketplace.id, template, visit.actor, chosen.language)
        return done(visit, _path(template, chosen), "Your words are gone; the next e-mail has those below.")


def _path(template: str, chosen: Chosen) -> str:
    query = urlencode(chosen.as_query())
    return f"emails/{template}?{query}" if query else f"emails/{template}"


def _framed(html: str) -> Response[str]:
    """The e-mail's own HTML: styles inside it, nothing that runs, links that open beside the console."""
    headers = {**page_headers(), **_framing("'unsafe-inline'")}
    return Response('<!doctype html><base target="_blank">' + html, media_type=MediaType.HTML, headers=headers)


def _framing(styles: str) -> dict[str, str]:
    policy = content_policy(
        style_src=styles, script_src="'none'", form_action="'none'", frame_ancestors="'self'", sandbox=SANDBOX
    )
    return {"Content-Security-Policy": policy}
