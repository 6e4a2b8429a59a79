"""The Subscription Saver's e-mails: their texts, edited, seen in a sandbox, sent to oneself, reset (PRODUCT.md 4.3)."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done, show_page
from web.forms import read_form_of
from web.headers import content_policy, page_headers
from web.rendering import page
from web.visit import StaffVisit
from workflows.emails.every_letter import TO_CUSTOMERS
from workflows.emails.letters import Words
from workflows.emails.variables import VARIABLES
from workflows.errors import InvalidInput
from workflows.saver_changes import named_changes
from workflows.saver_texts import (
    LONGEST,
    SaverTextChange,
    SaverTextShown,
    cases_of,
    change_text,
    checked_words,
    preview,
    reset_text,
    saver_text,
    send_test,
)
from workflows.versions import ChangedMeanwhile, version

# fmt: off
EMAILS = {
    "failed_charge": ("Failed charge", "Goes out after each attempt that failed, with the link to a new card."),
    "final_notice":  ("Final notice",  "Goes out once, when the policy is through."),
}
# fmt: on
_ONE = "/saver/texts/{template:str}"
_LARGEST = 64 * 1024  # bytes: the longest texts in an alphabet whose letters a form writes with nine characters each
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"


class SaverTextPages(Controller):
    """The two e-mails, and one of them."""

    @route("/saver/texts", http_method=["GET", "HEAD"], act="settings.read")
    async def all(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """Which there are, and whose words they have."""
        texts = [await saver_text(visit.marketplace.id, template) for template in EMAILS]
        return show_page(request, visit, "saver_texts", "apps", texts=texts, emails=EMAILS)

    @route(_ONE, http_method=["GET", "HEAD"], act="settings.read")
    async def one(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], template: FromPath[str]
    ) -> Response[str]:
        """Its texts, its variables, what it looks like."""
        return await _page(request, visit, await saver_text(visit.marketplace.id, template))

    @post(_ONE, status_code=303, act="settings.write", stands_on="saver/texts", request_max_body_size=_LARGEST)
    async def change(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], template: FromPath[str]
    ) -> Response[Any]:
        """Saves them; 422 with the reasons beside the fields, 409 when somebody else was faster."""
        form = await read_form_of(request, visit)
        expected = frozenset({form["version"]}) if form.get("version") else None
        try:
            await change_text(visit.marketplace.id, template, _typed(form), visit.actor, expected)
        except InvalidInput as refused:
            shown = await saver_text(visit.marketplace.id, template)
            return await _page(request, visit, shown, status=422, typed=form, errors=refused.fields)
        except ChangedMeanwhile:
            shown = await saver_text(visit.marketplace.id, template)
            return await _page(request, visit, shown, status=409, typed=form, overtaken=True)
        return done(visit, f"saver/texts/{template}", "The texts are saved. The next e-mail has them.")

    @route(f"{_ONE}/preview", http_method=["GET", "HEAD"], act="settings.read")
    async def preview(self, visit: NamedDependency[StaffVisit], template: FromPath[str]) -> Response[str]:
        """The e-mail in its present words, for the frame."""
        shown = await saver_text(visit.marketplace.id, template)
        return _framed(preview(visit.marketplace, template, _words(shown)).html)

    @post(
        f"{_ONE}/preview",
        status_code=200,
        act="settings.write",
        stands_on="saver/texts",
        request_max_body_size=_LARGEST,
    )
    async def preview_typed(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], template: FromPath[str]
    ) -> Response[str]:
        """The e-mail in words that are not saved yet, or what is wrong with them: for the frame, which the form names
        as its target."""
        form = await read_form_of(request, visit)
        try:
            words = checked_words(template, _typed(form))
        except InvalidInput as refused:
            return page("console/saver_refused.html", visit, headers=_framing("'self'"), errors=refused.fields)
        return _framed(preview(visit.marketplace, template, words, form.get("case")).html)

    @post(f"{_ONE}/test", status_code=303, act="settings.write", stands_on="saver/texts")
    async def test(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], template: FromPath[str]
    ) -> Response[None]:
        """Sends it, with the example's facts, to the address of whoever is signed in."""
        await read_form_of(request, visit)
        address = await send_test(visit.marketplace, template, visit.actor)
        return done(visit, f"saver/texts/{template}", f"A test e-mail is on its way to {address}.")

    @route(f"{_ONE}/reset", http_method=["GET", "HEAD"], act="settings.write")
    async def ask_to_reset(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], template: FromPath[str]
    ) -> Response[str]:
        """Says what is lost."""
        shown = await saver_text(visit.marketplace.id, template)
        name, _ = EMAILS[template]
        return show_page(request, visit, "saver_text_reset", "apps", text=shown, name=name, version=version(shown))

    @post(f"{_ONE}/reset", status_code=303, act="settings.write", stands_on="saver/texts")
    async def reset(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], template: FromPath[str]
    ) -> Response[None]:
        """Goes back to the default's words."""
        await read_form_of(request, visit)
        await reset_text(visit.marketplace.id, template, visit.actor)
        return done(visit, f"saver/texts/{template}", "The e-mail has its default words again.")


async def _page(
    request: WebRequest,
    visit: StaffVisit,
    shown: SaverTextShown,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    overtaken: bool = False,
) -> Response[str]:
    name, says = EMAILS[shown.template]
    answer = show_page(
        request,
        visit,
        "saver_text",
        "apps",
        status=status,
        text=shown,
        name=name,
        says=says,
        version=version(shown),
        typed=typed or {field: getattr(shown, field) for field in LONGEST},
        errors=errors or {},
        overtaken=overtaken,
        longest=LONGEST,
        cases=cases_of(shown.template),
        variables={name: VARIABLES[name].meaning for name in TO_CUSTOMERS[shown.template].variables},
        plain=preview(visit.marketplace, shown.template, _words(shown)).text,
        sandbox=_SANDBOX,
        changes=await named_changes(visit.marketplace.id, f"saver_text:{shown.template}"),
    )
    answer.headers["Content-Security-Policy"] = content_policy(frame_src="'self'")
    return answer


def _typed(form: dict[str, str]) -> SaverTextChange:
    return SaverTextChange(**{name: form.get(name, "") for name in LONGEST})


def _words(shown: SaverTextShown) -> Words:
    return Words(subject=shown.subject, heading=shown.heading, body=shown.body)


def _framed(html: str) -> Response[str]:
    """The e-mail's own HTML: styles inside it, nothing that runs, links that open beside the console."""
    headers = {**page_headers(), **_framing("'unsafe-inline'")}
    return Response('<!doctype html><base target="_blank">' + html, media_type=MediaType.HTML, headers=headers)


def _framing(styles: str) -> dict[str, str]:
    policy = content_policy(
        style_src=styles, script_src="'none'", form_action="'none'", frame_ancestors="'self'", sandbox=_SANDBOX
    )
    return {"Content-Security-Policy": policy}
