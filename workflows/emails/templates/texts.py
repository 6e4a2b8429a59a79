"""The e-mails to customers in the merchant's own words: kept by language, checked, taken back.

What may stand in a text is said in custom_texts.py. The worker takes the words of the moment in which it writes:
the merchant's in the reader's language, else the merchant's for every language, else ours.
"""

from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import Record, execute, fetch, transaction
from workflows.emails.templates.custom_texts import text_problem, write_words
from workflows.emails.templates.examples import examples
from workflows.emails.templates.registry import TO_CUSTOMERS, template_in
from workflows.emails.templates.template import Words
from workflows.emails.templates.values import TemplateValues
from workflows.emails.templates.variables import values_of
from workflows.engine.actor import Actor
from workflows.languages.locales import LANGUAGES
from workflows.languages.typed_text import has_controls
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.marketplace import locked_marketplace
from workflows.requests.versions import check_version
from workflows.runtime.errors import InvalidInput, NotFound

# fmt: off
LONGEST = {"subject": 300, "preheader": 300, "heading": 300, "body": 5000}  # characters, as they are typed
# fmt: on
_MAY_BE_EMPTY = "preheader"
_TEXTS = "version, language, subject, preheader, heading, body"


class EmailTextShown(msgspec.Struct, frozen=True, kw_only=True):
    """One e-mail's texts in one language; `language` None: in every language that has no texts of its own.

    `source`: whose these are. `version` grows with each change; 0: never changed.
    """

    template: str
    language: str | None
    subject: str
    preheader: str
    heading: str
    body: str
    source: Literal["own", "every_language", "default"]
    version: int

    @property
    def words(self) -> Words:
        """The texts alone."""
        return Words(**{name: getattr(self, name) for name in LONGEST})


class EmailTextChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts to be. `{{ name }}` stands for a variable. `preheader` is what inboxes show beside the subject; left
    empty, it is the first paragraph."""

    subject: str
    preheader: str = ""
    heading: str
    body: str


async def email_text(marketplace_id: UUID, template: str, language: str | None = None) -> EmailTextShown:
    """One e-mail's texts as they are. Raises NotFound for one that cannot be reworded, InvalidInput for a language that
    there is not."""
    check_reworded(template, language)
    rows = await fetch(
        f"SELECT {_TEXTS} FROM email_text WHERE marketplace_id = $1 AND template = $2", marketplace_id, template
    )
    stored = {row["language"]: row for row in rows}
    own, every = stored.get(language or ""), stored.get("")
    version = own["version"] if own else 0
    if own and own["subject"] is not None:
        return _shown(template, language, _words_of(own), "own", version)
    if every and every["subject"] is not None:
        return _shown(template, language, _words_of(every), "every_language", version)
    return _shown(template, language, template_in(template, language).words, "default", version)


async def reworded(marketplace_id: UUID) -> dict[str, list[str | None]]:
    """Of each e-mail that has the merchant's words: in which languages; None: in every one."""
    rows = await fetch(
        "SELECT template, array_agg(nullif(language, '') ORDER BY language) AS languages FROM email_text"
        " WHERE marketplace_id = $1 AND subject IS NOT NULL GROUP BY template",
        marketplace_id,
    )
    return {row["template"]: row["languages"] for row in rows}


async def change_text(
    marketplace_id: UUID,
    template: str,
    change: EmailTextChange,
    by: Actor,
    language: str | None = None,
    expected: frozenset[str] | None = None,
) -> EmailTextShown:
    """Sets one e-mail's texts and answers with them.

    Raises NotFound, InvalidInput naming every text that breaks a rule, ChangedMeanwhile.
    """
    words = checked_words(template, change, language)
    return await _store(marketplace_id, template, language, words, by, expected)


async def reset_text(
    marketplace_id: UUID,
    template: str,
    by: Actor,
    language: str | None = None,
    expected: frozenset[str] | None = None,
) -> EmailTextShown:
    """Gives the merchant's words in that language up, and answers with those that take their place.

    Raises NotFound, InvalidInput, ChangedMeanwhile.
    """
    check_reworded(template, language)
    return await _store(marketplace_id, template, language, None, by, expected)


def checked_words(template: str, change: EmailTextChange, language: str | None = None) -> Words:
    """The words, when each can be written in every case that the e-mail is sent in. Raises NotFound, InvalidInput."""
    check_reworded(template, language)
    given = {name: getattr(change, name).replace("\r\n", "\n").strip() for name in LONGEST}
    problems = {name: problem for name, text in given.items() if (problem := _problem(name, text, template))}
    if problems:
        raise InvalidInput(problems)
    words = Words(**given)
    if problems := _empty_ones(template, words):
        raise InvalidInput(problems)
    return words


def check_reworded(template: str, language: str | None) -> None:
    """Raises NotFound for an e-mail whose words are ours, InvalidInput for a language that there is not."""
    if template not in TO_CUSTOMERS:
        raise NotFound(f"no e-mail {template!r} to reword")
    check_language(language)


def check_language(language: str | None) -> None:
    """Raises InvalidInput for a language that there is not; None is every one."""
    if language is not None and language not in LANGUAGES:
        raise InvalidInput({"language": f"must be one of {', '.join(LANGUAGES)}, or left out."})


def _shown(
    template: str,
    language: str | None,
    words: Words,
    source: Literal["own", "every_language", "default"],
    version: int,
) -> EmailTextShown:
    texts = msgspec.structs.asdict(words)
    return EmailTextShown(template=template, language=language, source=source, version=version, **texts)


def _words_of(row: Record) -> Words:
    return Words(**{name: row[name] for name in LONGEST})


def _problem(name: str, text: str, template: str) -> str | None:
    if not text:
        return None if name == _MAY_BE_EMPTY else "must not be empty."
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


def _example_values(template: str, context: dict[str, Any]) -> dict[str, str | None]:
    facts = TemplateValues(
        given=context,
        marketplace="x",
        support_email=None,
        portal_url="x",
        locale=None,
        time_zone="UTC",
        link=True,
    )
    return values_of(TO_CUSTOMERS[template].variables, facts)


async def _store(
    marketplace_id: UUID,
    template: str,
    language: str | None,
    words: Words | None,
    by: Actor,
    expected: frozenset[str] | None,
) -> EmailTextShown:
    async with transaction():
        await locked_marketplace(marketplace_id)  # there may be no row of the text itself to lock
        before = await email_text(marketplace_id, template, language)
        check_version(before, expected)
        if words == (before.words if before.source == "own" else None):
            return before
        texts = [getattr(words, name) if words else None for name in LONGEST]
        await execute(
            f"INSERT INTO email_text (marketplace_id, template, language, {', '.join(LONGEST)})"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)"
            " ON CONFLICT (marketplace_id, template, language) DO UPDATE SET version = email_text.version + 1,"
            " subject = excluded.subject, preheader = excluded.preheader, heading = excluded.heading,"
            " body = excluded.body, changed_at = now()",
            marketplace_id,
            template,
            language or "",
            *texts,
        )
        after = await email_text(marketplace_id, template, language)
        act = "reset" if words is None else "changed"
        was, is_ = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
        await record_change(marketplace_id, by, change_subject(template, language), act, was, is_)
    return after


def change_subject(template: str, language: str | None) -> str:
    """What the log of changes calls these texts."""
    return f"email_text:{template}:{language}" if language else f"email_text:{template}"
