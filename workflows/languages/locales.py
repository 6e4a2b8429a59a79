"""Which locale somebody is spoken to in: the first one named whose language there are words for.

Locales are BCP 47 or POSIX names ("de-AT", "pt_BR"), from merchants' files and from browsers: anything may come.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError

from workflows.runtime.settings import settings

ENGLISH = "en"
LANGUAGES: Mapping[str, str] = {
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "pt": "Português",
}
BRACKETED = "en_XA"  # English in brackets, in development alone: what stands outside them is not marked

_NAME = re.compile(r"([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_]([a-z]{2}|\d{3}))?(?:[-_]\w{5,8})*", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(
    r"\s*([a-z]{2,3}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?", re.ASCII | re.IGNORECASE
)
_LONGEST = 1000  # characters of a header; browsers send some fifty


def choose_locale(setting: str | None, accept_language: str, language: str, country: str) -> str:
    """The customer's own setting, else what the browser asks for, else the marketplace's language.

    Where none names a region ("de"), the marketplace's country is taken, if that is a locale at all ("de_AT").
    """
    wanted = (setting, *preferences(accept_language), language)
    return next((found for name in wanted if (found := supported_locale(name, country))), ENGLISH)


def supported_locale(name: str | None, country: str = "") -> str | None:
    """The locale of that name, "de_AT", if there are words in its language; else None."""
    named = _NAME.fullmatch(name or "")
    if named is None or named[1].lower() not in LANGUAGES:
        return None
    locale = "_".join(part for part in (named[1].lower(), (named[2] or country).upper()) if part)
    if locale == BRACKETED and settings().environment == "development":
        return BRACKETED
    return str(known_locale(locale))


def language_of(locale: str | None) -> str:
    """The language that words of that locale are in: one of LANGUAGES, or BRACKETED."""
    found = supported_locale(locale)
    return BRACKETED if found == BRACKETED else (found or ENGLISH).partition("_")[0]


def preferences(accept_language: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110, 12.5.4), the most wanted first; nonsense is passed over."""
    ranges = [_RANGE.fullmatch(part) for part in accept_language[:_LONGEST].split(",")]
    weighed = [(float(found[2] or 1), found[1]) for found in ranges if found]
    return [name for weight, name in sorted(weighed, key=lambda one: -one[0]) if weight]


@lru_cache(maxsize=256)
def known_locale(name: str | None) -> Locale:
    """The locale of that name, without a region that Babel does not know; English for nonsense."""
    wanted = (name or ENGLISH).replace("-", "_")
    for candidate in (wanted, wanted.split("_", 1)[0]):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(ENGLISH)
