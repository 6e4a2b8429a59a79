"""The page of one e-mail: its preview in the case, the language and the width that the address says, its texts."""

from collections.abc import Mapping
from typing import NamedTuple, Self
from urllib.parse import urlencode

from litestar import Response

from web.console.answers import show_page
from web.requests.connection import WebRequest
from web.requests.headers import content_policy
from web.requests.visit import StaffContext
from workflows.emails.gallery import EmailShown, preview_saved
from workflows.emails.templates.texts import LONGEST, EmailTextChange, EmailTextShown, change_subject, email_text
from workflows.languages.locales import LANGUAGES
from workflows.marketplaces.named_changes import NamedChange, named_changes
from workflows.requests.versions import version

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
_PHONE = "phone"


class Chosen(NamedTuple):
    """What a page of an e-mail shows of it. `language` None: every language; `case` None: the first; `width`: `phone`
    or nothing."""

    language: str | None
    case: str | None
    width: str | None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """From the query or a form; empty fields say nothing."""
        width = _PHONE if given.get("width") == _PHONE else None
        return cls(given.get("language") or None, given.get("case") or None, width)

    def as_query(self) -> dict[str, str]:
        """What was chosen, for the address of a page."""
        return {name: value for name, value in self._asdict().items() if value}

    def but(self, **changed: str | None) -> str:
        """The query of the same page with something chosen otherwise."""
        query = urlencode(self._replace(**changed).as_query())
        return f"?{query}" if query else ""


async def page_of(
    request: WebRequest,
    visit: StaffContext,
    email: EmailShown,
    chosen: Chosen,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    overtaken: bool = False,
) -> Response[str]:
    """The page. Raises InvalidInput for a case or language that there is not."""
    text, changes = await _text_of(visit, email, chosen)
    answer = show_page(
        request,
        visit,
        "emails/email",
        "emails",
        status=status,
        email=email,
        chosen=chosen,
        languages=LANGUAGES,
        seen=await preview_saved(visit.marketplace, email.template, chosen.case, chosen.language),
        text=text,
        version=version(text) if text else "",
        typed=typed or ({name: getattr(text, name) for name in LONGEST} if text else {}),
        errors=errors or {},
        overtaken=overtaken,
        longest=LONGEST,
        sandbox=SANDBOX,
        changes=changes,
    )
    answer.headers["Content-Security-Policy"] = content_policy(frame_src="'self'")
    return answer


def typed_in(form: Mapping[str, str]) -> EmailTextChange:
    """The texts of a form."""
    return EmailTextChange(**{name: form.get(name, "") for name in LONGEST})


async def _text_of(
    visit: StaffContext, email: EmailShown, chosen: Chosen
) -> tuple[EmailTextShown | None, list[NamedChange]]:
    """Its texts and what changed of them; neither, where the words are ours."""
    if not email.can_be_reworded:
        return None, []
    text = await email_text(visit.marketplace.id, email.template, chosen.language)
    return text, await named_changes(visit.marketplace.id, change_subject(email.template, chosen.language))
