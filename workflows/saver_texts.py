"""The Subscription Saver's e-mails in the merchant's own words: kept, checked, looked at, tried out, taken back.

What may stand in a text is said in emails/own_words.py; the worker takes the words of the moment in which it writes.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from models.database import fetch_row, fetch_value, transaction
from workflows.actor import Actor
from workflows.changes import record_change
from workflows.clock import now
from workflows.emails.every_letter import TO_CUSTOMERS
from workflows.emails.examples import example_row, examples
from workflows.emails.letters import Words
from workflows.emails.message import TEST, write_message
from workflows.emails.own_words import text_problem, write_words
from workflows.emails.stage import stage_email
from workflows.errors import Forbidden, InvalidInput, NotFound, TooManyRequests
from workflows.marketplaces import locked_marketplace
from workflows.portal_views import Marketplace
from workflows.ports import Message
from workflows.typed_text import has_controls
from workflows.versions import check_version

TESTS_PER_HOUR = 20  # e-mails to oneself
_HOUR = timedelta(hours=1)
REWORDED = ("failed_charge", "final_notice")
# fmt: off
LONGEST = {"subject": 300, "heading": 300, "body": 5000}  # characters, as they are typed
# fmt: on


class SaverTextShown(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail's texts. `own` False: the default's. `version` grows with each change; 0: never changed."""

    template: str
    subject: str
    heading: str
    body: str
    own: bool
    version: int


class SaverTextChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts to be, all three. `{{ name }}` stands for a variable."""

    subject: str
    heading: str
    body: str


async def saver_text(marketplace_id: UUID, template: str) -> SaverTextShown:
    """One e-mail's texts as they are. Raises NotFound for an e-mail that cannot be reworded."""
    default = _default(template)
    row = await fetch_row(
        "SELECT version, subject, heading, body FROM saver_text WHERE marketplace_id = $1 AND template = $2",
        marketplace_id,
        template,
    )
    if row is None or row["subject"] is None:
        return _shown(template, default, own=False, version=row["version"] if row else 0)
    return SaverTextShown(template=template, own=True, **row)


async def change_text(
    marketplace_id: UUID, template: str, change: SaverTextChange, by: Actor, expected: frozenset[str] | None = None
) -> SaverTextShown:
    """Sets one e-mail's texts and answers with them.

    Raises NotFound, InvalidInput naming every text that breaks a rule, ChangedMeanwhile.
    """
    words = checked_words(template, change)
    return await _store(marketplace_id, template, words, by, expected)


async def reset_text(
    marketplace_id: UUID, template: str, by: Actor, expected: frozenset[str] | None = None
) -> SaverTextShown:
    """Goes back to the default's words. Raises NotFound, ChangedMeanwhile."""
    _default(template)
    return await _store(marketplace_id, template, None, by, expected)


def checked_words(template: str, change: SaverTextChange) -> Words:
    """The words, when each can be written in every case that the e-mail is sent in. Raises NotFound, InvalidInput."""
    _default(template)
    given = {name: getattr(change, name).replace("\r\n", "\n").strip() for name in LONGEST}
    problems = {name: problem for name, text in given.items() if (problem := _problem(name, text, template))}
    if problems:
        raise InvalidInput(problems)
    words = Words(**given)
    if problems := _empty_ones(template, words):
        raise InvalidInput(problems)
    return words


def preview(marketplace: Marketplace, template: str, words: Words, case: str | None = None) -> Message:
    """The e-mail as a customer of the example would get it. `case` names one of `cases_of`; else the first."""
    cases = examples(template, marketplace.currency)
    context = cases.get(case or "") or next(iter(cases.values()))
    own = {f"own_{name}": getattr(words, name) for name in LONGEST}
    return write_message({**example_row(marketplace, template, context), **own}, None)


def cases_of(template: str) -> list[str]:
    """The cases in which the e-mail is sent, in words. Raises NotFound."""
    _default(template)
    return list(examples(template, "USD"))


async def send_test(marketplace: Marketplace, template: str, by: Actor) -> str:
    """Stages the e-mail in its present words to whoever asks, and answers with their address.

    Raises NotFound, Forbidden for an API key (it has no address), TooManyRequests beyond 20 an hour.
    """
    _default(template)
    if by.kind != "staff":
        raise Forbidden("only a person has an address to send a test to")
    context = next(iter(examples(template, marketplace.currency).values()))
    async with transaction():
        address: str = await fetch_value(
            "SELECT email FROM staff WHERE marketplace_id = $1 AND id = $2 FOR NO KEY UPDATE", marketplace.id, by.id
        )
        sent = await fetch_value(
            "SELECT count(*) FROM outgoing_email WHERE marketplace_id = $1 AND staff_id = $2 AND created_at > $3"
            " AND cause LIKE 'test:%'",
            marketplace.id,
            by.id,
            now() - _HOUR,
        )
        if sent >= TESTS_PER_HOUR:
            raise TooManyRequests("test e-mails", retry_after=600)
        await stage_email(
            marketplace.id,
            template=template,
            recipient=address,
            cause=f"{TEST}{uuid4()}",
            staff_id=UUID(str(by.id)),
            context=context,
            by=by,
            urgent=True,
        )
    return address


def _default(template: str) -> Words:
    if template not in REWORDED:
        raise NotFound(f"no e-mail {template!r} to reword")
    return TO_CUSTOMERS[template].words


def _shown(template: str, words: Words, *, own: bool, version: int) -> SaverTextShown:
    return SaverTextShown(
        template=template, own=own, version=version, **{name: getattr(words, name) for name in LONGEST}
    )


def _problem(name: str, text: str, template: str) -> str | None:
    if not text:
        return "must not be empty."
    if len(text) > LONGEST[name]:
        return f"must have at most {LONGEST[name]} characters."
    if has_controls(text) or (name != "body" and "\n" in text):
        return "must not contain control characters." if name == "body" else "must be one line."
    return text_problem(text, TO_CUSTOMERS[template].variables)


def _empty_ones(template: str, words: Words) -> dict[str, str]:
    """Texts of which nothing is left in one of the e-mail's cases: a subject that is one `{% if %}`, say."""
    problems: dict[str, str] = {}
    for case, context in examples(template, "USD").items():
        written = write_words(words, _example_values(template, context))
        for name, said in (("subject", written.subject), ("heading", written.heading), ("body", written.paragraphs)):
            if not said:
                problems.setdefault(name, f"says nothing in the case “{case}”.")
    return problems


def _example_values(template: str, context: dict[str, Any]) -> dict[str, Any]:
    values = dict.fromkeys(TO_CUSTOMERS[template].variables, "x")
    kept = {"next_attempt_on": context.get("next_attempt_at"), "ended": context.get("ended") or None}
    return {name: kept.get(name, value) for name, value in values.items()} | {
        "card": context.get("card_last_four"),
    }


async def _store(
    marketplace_id: UUID, template: str, words: Words | None, by: Actor, expected: frozenset[str] | None
) -> SaverTextShown:
    async with transaction():
        await locked_marketplace(marketplace_id)  # there may be no row of the text itself to lock
        before = await saver_text(marketplace_id, template)
        check_version(before, expected)
        wanted = words or TO_CUSTOMERS[template].words
        if _words_of(before) == _without_preheader(wanted) and before.own == (words is not None):
            return before
        texts = [None] * 3 if words is None else [words.subject, words.heading, words.body]
        await fetch_value(
            "INSERT INTO saver_text (marketplace_id, template, subject, heading, body) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (marketplace_id, template) DO UPDATE SET version = saver_text.version + 1,"
            " subject = excluded.subject, heading = excluded.heading, body = excluded.body, changed_at = now()"
            " RETURNING version",
            marketplace_id,
            template,
            *texts,
        )
        after = await saver_text(marketplace_id, template)
        act = "reset" if words is None else "changed"
        was, is_ = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
        await record_change(marketplace_id, by, f"saver_text:{template}", act, was, is_)
    return after


def _words_of(shown: SaverTextShown) -> Words:
    return Words(subject=shown.subject, heading=shown.heading, body=shown.body)


def _without_preheader(words: Words) -> Words:
    return Words(subject=words.subject, heading=words.heading, body=words.body)
