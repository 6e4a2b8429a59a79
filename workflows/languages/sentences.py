"""Sentences for customers that come from Python: marked where they are written, said where they are shown.

    problem = sentence("The card has expired.")       # in a workflow: the English text, and its place in the catalogues
    say(problem, locale)                              # on a page: 'Die Karte ist abgelaufen.'
    say("%(browser)s on %(system)s", locale, browser="Firefox", system="Windows")

What is stored or sent to programs stays English, and can be said in any language later.
"""

from workflows.languages.catalogues import words_in


def sentence(text: str) -> str:
    """Marks a fixed text for the catalogues; answers with it."""
    return text


def say(text: str, locale: str | None, **values: object) -> str:
    """A marked text in that locale's language; a text that no catalogue knows as it is."""
    said = words_in(locale).gettext(text) if text else text
    return said % values if values else said
