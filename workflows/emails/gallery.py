"""Every e-mail to look at: what it is, when it is sent, what it looks like in each case, and one to try it out."""

from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

import msgspec

from models.database import fetch_value, transaction
from workflows.emails.delivery.mailer import Message
from workflows.emails.delivery.message import write_message
from workflows.emails.delivery.stage import stage_email
from workflows.emails.templates.catalogue import CATALOGUE, TEST_CAUSE
from workflows.emails.templates.examples import example_row, examples
from workflows.emails.templates.registry import LETTERS, TO_CUSTOMERS
from workflows.emails.templates.template import Words
from workflows.emails.templates.texts import check_language, email_text, reworded
from workflows.emails.templates.triggers import OCCASIONS
from workflows.emails.templates.variables import VARIABLES
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import Forbidden, InvalidInput, NotFound, TooManyRequests

TESTS_PER_HOUR = 20  # e-mails to oneself
_HOUR = timedelta(hours=1)


class EmailShown(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of e-mail. `reworded`: the languages that have the merchant's own words; null: every language.

    `variables` are what its texts can name, with their meaning; none where the words are ours. `email_button`: it has
    the Email Button while that setting is on.
    """

    template: str
    name: str
    sent_when: str
    goes_to: Literal["customers", "staff"]
    can_be_reworded: bool
    email_button: bool
    cases: list[str]
    variables: dict[str, str]
    reworded: list[str | None]


async def every_email(marketplace: Marketplace) -> list[EmailShown]:
    """All of them, those to customers first."""
    own = await reworded(marketplace.id)
    return [_shown(template, own.get(template, [])) for template in LETTERS]


async def one_email(marketplace: Marketplace, template: str) -> EmailShown:
    """One of them. Raises NotFound."""
    _known(template)
    return _shown(template, (await reworded(marketplace.id)).get(template, []))


async def preview_saved(
    marketplace: Marketplace, template: str, case: str | None = None, language: str | None = None
) -> Message:
    """The e-mail in its present words, with the facts of an example. Raises NotFound, InvalidInput."""
    _known(template)
    if template not in TO_CUSTOMERS:
        return preview(marketplace, template, None, case)
    shown = await email_text(marketplace.id, template, language)
    return preview(marketplace, template, shown.words if shown.source != "default" else None, case, language)


def preview(
    marketplace: Marketplace,
    template: str,
    words: Words | None,
    case: str | None = None,
    language: str | None = None,
) -> Message:
    """The e-mail in those words, None: in ours. `case` names one of its cases; None: the first. Raises InvalidInput."""
    check_language(language)
    row = example_row(marketplace, template, example_of(template, marketplace.currency, case))
    own = {"": msgspec.structs.asdict(words)} if words else None
    return write_message({**row, "language": language, "own_texts": own}, None)


def example_of(template: str, currency: str, case: str | None) -> dict[str, object]:
    """The facts of a case. Raises InvalidInput for one that the e-mail does not have."""
    cases = examples(template, currency)
    if case is None:
        return next(iter(cases.values()))
    if case not in cases:
        raise InvalidInput({"case": f"must be one of: {'; '.join(cases)}."})
    return cases[case]


async def send_test(
    marketplace: Marketplace, template: str, by: Actor, case: str | None = None, language: str | None = None
) -> str:
    """Stages the e-mail in its present words to whoever asks, and answers with their address.

    Raises NotFound, InvalidInput, Forbidden for an API key (it has no address), TooManyRequests beyond 20 an hour.
    """
    _known(template)
    check_language(language)
    context = example_of(template, marketplace.currency, case)
    if by.kind != "staff":
        raise Forbidden("only a person has an address to send a test to")
    async with transaction():
        address = await _address_within_limit(marketplace.id, by)
        await stage_email(
            marketplace.id,
            template=template,
            recipient=address,
            cause=f"{TEST_CAUSE}{uuid4()}",
            staff_id=UUID(str(by.id)),
            context=context,
            language=language,
            by=by,
            urgent=True,
            asked_for=True,
        )
    return address


async def _address_within_limit(marketplace_id: UUID, by: Actor) -> str:
    """Whoever asks is locked, so that two requests at once count one after the other."""
    address: str = await fetch_value(
        "SELECT email FROM staff WHERE marketplace_id = $1 AND id = $2 FOR NO KEY UPDATE", marketplace_id, by.id
    )
    sent = await fetch_value(
        "SELECT count(*) FROM outgoing_email WHERE marketplace_id = $1 AND staff_id = $2 AND created_at > $3"
        " AND starts_with(cause, $4)",
        marketplace_id,
        by.id,
        now() - _HOUR,
        TEST_CAUSE,
    )
    if sent >= TESTS_PER_HOUR:
        raise TooManyRequests("test e-mails", retry_after=600)
    return address


def _shown(template: str, own: list[str | None]) -> EmailShown:
    theirs = template in TO_CUSTOMERS
    names = LETTERS[template].variables if theirs else ()
    return EmailShown(
        template=template,
        name=OCCASIONS[template].name,
        sent_when=OCCASIONS[template].sent_when,
        goes_to="customers" if theirs else "staff",
        can_be_reworded=theirs,
        email_button=CATALOGUE[template].product,
        cases=list(examples(template, "USD")),
        variables={name: VARIABLES[name].meaning for name in names},
        reworded=own,
    )


def _known(template: str) -> None:
    if template not in LETTERS:
        raise NotFound(f"no e-mail {template!r}")
