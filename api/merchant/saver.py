"""The Subscription Saver by API: its policy, its e-mails' texts, its report."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import PathParameter, QueryParameter

from api.documented import BAD_BODY, example, problems
from api.etags import TAGGED, tagged
from api.portal.access import Accepted
from api.provided import Asking, Expected, OwnMarketplace
from api.strict_json import StrictJSON
from workflows.saver_policy import SaverPolicy, SaverPolicyChange, change_policy, saver_policy
from workflows.saver_report import MONTHS, MOST_MONTHS, SaverReport, saver_report
from workflows.saver_texts import (
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

_READ = {"act": "settings.read", **TAGGED}
_WRITE = {"act": "settings.write", **TAGGED}
_POLICY = {"attempt_days": [1, 3, 7, 14, 21], "end": "leave"}
_TEXTS = {
    "subject": "We could not charge your card for {{ product }}",
    "heading": "Your card was declined",
    "body": "We tried to collect {{ amount }} on {{ failed_on }}.\n\n"
    "{% if next_attempt_on %}We will try again on {{ next_attempt_on }}.{% endif %}",
}
_ONE = "/texts/{template:str}"
Template = Annotated[str, PathParameter(description="`failed_charge` or `final_notice`.")]
Months = Annotated[
    int, QueryParameter(description=f"How many calendar months, the running one included: 1 to {MOST_MONTHS}.")
]
Case = Annotated[str | None, QueryParameter(description="One of the answer's `cases`; else the first.")]


class TextPreview(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail as a customer would get it, with the facts of an example. Show `html` in a sandbox only."""

    subject: str
    html: str
    text: str
    cases: list[str]


class SaverRoutes(Controller):
    """The policy and the report."""

    path = "/saver"
    tags = ("Subscription Saver",)

    @get("/policy", opt=_READ, responses=problems(401, 403))
    async def policy(self, request: Request[Any, Any, Any], marketplace: OwnMarketplace) -> Response[SaverPolicy]:
        """The retry policy of failed charges whose case begins now."""
        return tagged(request, await saver_policy(marketplace.id))

    @put(
        "/policy",
        dto=StrictJSON[SaverPolicyChange],
        return_dto=None,
        opt=_WRITE,
        responses=problems(*BAD_BODY, 401, 403),
    )
    async def change_policy(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        data: Annotated[SaverPolicyChange, example(_POLICY)],
    ) -> Response[SaverPolicy]:
        """Set the policy: a new version. Cases that are open keep the one that they began with.

        Days ascend from 1, the failed charge itself, to 90 at most, with at most 8 attempts in any 30 days.
        """
        return tagged(request, await change_policy(caller.marketplace_id, data, caller.actor, expected))

    @get("/report", opt={"act": "reports.read"}, responses=problems(401, 403, 422))
    async def report(self, marketplace: OwnMarketplace, months: Months = MONTHS) -> SaverReport:
        """Failed, recovered and lost by month, the recovery rate by attempt, the recovered revenue.

        A failed charge counts in the month in which it failed first, by the marketplace's clock and time zone.
        """
        return await saver_report(marketplace, months)


class SaverTextRoutes(Controller):
    """The e-mails' texts."""

    path = "/saver"
    tags = ("Subscription Saver",)

    @get(_ONE, opt=_READ, responses=problems(401, 403, 404))
    async def text(
        self, request: Request[Any, Any, Any], marketplace: OwnMarketplace, template: Template
    ) -> Response[SaverTextShown]:
        """The texts of one e-mail, with `{{ name }}` where its variables go."""
        return tagged(request, await saver_text(marketplace.id, template))

    @put(
        _ONE,
        dto=StrictJSON[SaverTextChange],
        return_dto=None,
        opt=_WRITE,
        responses=problems(*BAD_BODY, 401, 403, 404),
    )
    async def change_text(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        template: Template,
        data: Annotated[SaverTextChange, example(_TEXTS)],
    ) -> Response[SaverTextShown]:
        """Set them. An unknown variable, or anything but variables and `{% if %}`, is refused beside its field."""
        return tagged(request, await change_text(caller.marketplace_id, template, data, caller.actor, expected))

    @delete(_ONE, status_code=200, opt=_WRITE, responses=problems(401, 403, 404))
    async def reset_text(
        self, request: Request[Any, Any, Any], caller: Asking, expected: Expected, template: Template
    ) -> Response[SaverTextShown]:
        """Go back to the default's words, which are the answer."""
        return tagged(request, await reset_text(caller.marketplace_id, template, caller.actor, expected))

    @post(
        f"{_ONE}/preview",
        status_code=200,
        dto=StrictJSON[SaverTextChange],
        return_dto=None,
        opt={"act": "settings.write"},
        responses=problems(*BAD_BODY, 401, 403, 404),
    )
    async def preview(
        self,
        marketplace: OwnMarketplace,
        template: Template,
        data: Annotated[SaverTextChange, example(_TEXTS)],
        case: Case = None,
    ) -> TextPreview:
        """What an e-mail of these texts would be. Nothing is saved or sent."""
        message = preview(marketplace, template, checked_words(template, data), case)
        cases = cases_of(template)
        return TextPreview(subject=message.subject, html=message.html, text=message.text, cases=cases)

    @post(f"{_ONE}/test", status_code=202, opt={"act": "settings.write"}, responses=problems(401, 403, 404, 429))
    async def test(self, caller: Asking, marketplace: OwnMarketplace, template: Template) -> Accepted:
        """Send the e-mail as it is saved, with the facts of an example, to the address of whoever is signed in.

        403 for an API key, which has no address.
        """
        await send_test(marketplace, template, caller.actor)
        return Accepted(detail="A test e-mail is on its way to you.")
