"""The words of each language, read from its .po file when they are first needed: nothing compiled is kept."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from workflows.languages.locales import BRACKETED, ENGLISH, language_of

FOLDER = Path(__file__).parent


class Bracketed(NullTranslations):
    """English in brackets: `[Sign in]`."""

    def gettext(self, message: str) -> str:
        """The message in brackets."""
        return f"[{message}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The one that fits the number, in brackets."""
        return f"[{super().ngettext(msgid1, msgid2, n)}]"

    def pgettext(self, context: str, message: str) -> str:
        """The message in brackets."""
        return f"[{super().pgettext(context, message)}]"


def words_in(locale: str | None) -> NullTranslations:
    """The catalogue for a locale; the English one, which answers with what it is asked, for one without words."""
    return _catalogue(language_of(locale))


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == BRACKETED:
        return Bracketed()
    if language == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    with (FOLDER / f"{language}.po").open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=language, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)
