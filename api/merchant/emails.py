"""The e-mails by API: which there are, what they look like, and the texts of those to customers."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import PathParameter, QueryParameter

from api.accepted import Accepted
from api.openapi.responses import BAD_BODY, example, problems
from api.requests.etags import TAGGED, tagged
from api.requests.provided import Asking, Expected, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.emails.delivery.mailer import Message
from workflows.emails.gallery import EmailShown, every_email, one_email, preview, preview_saved, send_test
from workflows.emails.templates.texts import (
    EmailTextChange,
    EmailTextShown,
    change_text,
    checked_words,
    email_text,
    reset_text,
)
from workflows.languages.locales import LANGUAGES

_READ = {"act": "settings.read"}
_WRITE = {"act": "settings.write"}
_TEXTS = {
    "subject": "We could not charge your card for {{ product }}",
    "preheader": "{{ amount }} is still owed.",
    "heading": "Your card was declined",
    "body": "We tried to collect {{ amount }} on {{ failed_on }}.\n\n"
    "{% if next_attempt_on %}We will try again on {{ next_attempt_on }}.{% endif %}",
}
_ONE = "/{template:str}"
Template = Annotated[str, PathParameter(description="The e-mail's name, as the list of e-mails has it.")]
Case = Annotated[str | None, QueryParameter(description="One of the e-mail's `cases`; else the first.")]
Language = Annotated[
    str | None,
    QueryParameter(description=f"One of {', '.join(LANGUAGES)}. Left out: every language without words of its own."),
]


class EmailPreview(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail as its reader would get it, with the facts of an example. Show `html` in a sandbox only."""

    sender_name: str
    reply_to: str | None
    subject: str
    html: str
    text: str


class Emails(Controller):
    """Every e-mail that Gatehouse sends."""

    path = "/emails"
    tags = ("E-mails",)

    @get(opt=_READ, responses=problems(401, 403))
    async def all(self, marketplace: OwnMarketplace) -> list[EmailShown]:
        """Which there are, when each is sent, whose words it has."""
        return await every_email(marketplace)

    @get(_ONE, opt=_READ, responses=problems(401, 403, 404))
    async def one(self, marketplace: OwnMarketplace, template: Template) -> EmailShown:
        """One of them, with the variables that its texts can name."""
        return await one_email(marketplace, template)

    @get(f"{_ONE}/texts", opt={**_READ, **TAGGED}, responses=problems(401, 403, 404, 422))
    async def text(
        self,
        request: Request[Any, Any, Any],
        marketplace: OwnMarketplace,
        template: Template,
        language: Language = None,
    ) -> Response[EmailTextShown]:
        """The texts of an e-mail to customers, with `{{ name }}` where its variables go."""
        return tagged(request, await email_text(marketplace.id, template, language))

    @put(
        f"{_ONE}/texts",
        dto=StrictJSON[EmailTextChange],
        return_dto=None,
        opt={**_WRITE, **TAGGED},
        responses=problems(*BAD_BODY, 401, 403, 404),
    )
    async def change_text(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        template: Template,
        data: Annotated[EmailTextChange, example(_TEXTS)],
        language: Language = None,
    ) -> Response[EmailTextShown]:
        """Set them. An unknown variable, or anything but variables and `{% if %}`, is refused beside its field."""
        changed = await change_text(caller.marketplace_id, template, data, caller.actor, language, expected)
        return tagged(request, changed)

    @delete(f"{_ONE}/texts", status_code=200, opt={**_WRITE, **TAGGED}, responses=problems(401, 403, 404, 422))
    async def reset_text(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        template: Template,
        language: Language = None,
    ) -> Response[EmailTextShown]:
        """Give your words in that language up; those that take their place are the answer."""
        return tagged(request, await reset_text(caller.marketplace_id, template, caller.actor, language, expected))

    @get(f"{_ONE}/preview", opt=_READ, responses=problems(401, 403, 404, 422))
    async def preview_saved(
        self, marketplace: OwnMarketplace, template: Template, case: Case = None, language: Language = None
    ) -> EmailPreview:
        """What the e-mail looks like as its texts are. Nothing is sent."""
        return _shown(await preview_saved(marketplace, template, case, language))

    @post(
        f"{_ONE}/preview",
        status_code=200,
        dto=StrictJSON[EmailTextChange],
        return_dto=None,
        opt=_WRITE,
        responses=problems(*BAD_BODY, 401, 403, 404),
    )
    async def preview(
        self,
        marketplace: OwnMarketplace,
        template: Template,
        data: Annotated[EmailTextChange, example(_TEXTS)],
        case: Case = None,
        language: Language = None,
    ) -> EmailPreview:
        """What an e-mail of these texts would be. Nothing is saved or sent."""
        words = checked_words(template, data, language)
        return _shown(preview(marketplace, template, words, case, language))

    @post(f"{_ONE}/test", status_code=202, opt=_WRITE, responses=problems(401, 403, 404, 422, 429))
    async def test(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        template: Template,
        case: Case = None,
        language: Language = None,
    ) -> Accepted:
        """Send the e-mail as it is, with the facts of an example, to the address of whoever is signed in.

        403 for an API key, which has no address.
        """
        await send_test(marketplace, template, caller.actor, case, language)
        return Accepted(detail="A test e-mail is on its way to you.")


def _shown(message: Message) -> EmailPreview:
    return EmailPreview(
        sender_name=message.sender_name,
        reply_to=message.reply_to,
        subject=message.subject,
        html=message.html,
        text=message.text,
    )
