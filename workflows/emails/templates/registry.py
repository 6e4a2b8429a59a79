"""Every letter by the name of its template: what the customers get, and what a marketplace's own people get."""

from collections.abc import Mapping

from workflows.emails.templates.for_customers import LETTERS as TO_CUSTOMERS
from workflows.emails.templates.for_staff import LETTERS as TO_STAFF
from workflows.emails.templates.template import Template, Words
from workflows.languages.sentences import say

__all__ = ["LETTERS", "TO_CUSTOMERS", "TO_STAFF", "template_in"]

LETTERS: Mapping[str, Template] = {**TO_CUSTOMERS, **TO_STAFF}


def template_in(template: str, locale: str | None) -> Template:
    """The letter in the language of its reader's locale; to staff in English."""
    letter = LETTERS[template]
    return _in_language(letter, locale) if template in TO_CUSTOMERS else letter


def _in_language(letter: Template, locale: str | None) -> Template:
    texts = {name: say(getattr(letter.words, name), locale) for name in Words.__struct_fields__}
    return Template(
        words=Words(**texts),
        variables=letter.variables,
        rows=tuple(row._replace(label=say(row.label, locale)) for row in letter.rows),
        button=letter.button and say(letter.button, locale),
        notes=tuple(say(note, locale) for note in letter.notes),
    )
