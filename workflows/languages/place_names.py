"""What countries, time zones and currencies are chosen from, with their names (Unicode CLDR)."""

import re
from functools import cache
from unicodedata import combining, normalize
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies

from workflows.languages.locales import known_locale

# ISO 3166-1 as Unicode's CLDR (Babel) keeps it, which also has what is no country: unions, islands that belong to one,
# "unknown", and two places that test translations.
_NO_COUNTRY = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"])

_ENGLISH = Locale("en")
COUNTRIES = frozenset(code for code in map(str, _ENGLISH.territories) if re.fullmatch("[A-Z]{2}", code)) - _NO_COUNTRY
Options = list[tuple[str, str]]  # the code, and what people read


@cache
def countries(locale: str | None = None) -> Options:
    """Every country, by its name in that locale's language, in English without one."""
    territories = _ENGLISH.territories if locale is None else known_locale(locale).territories
    names = {code: str(territories.get(code, _ENGLISH.territories[code])) for code in COUNTRIES}
    return sorted(names.items(), key=lambda one: _sorted_as(one[1]))


def _sorted_as(name: str) -> str:
    """Without accents, so that Österreich is found beside Oman."""
    return "".join(letter for letter in normalize("NFD", name.casefold()) if not combining(letter))


@cache
def currencies() -> Options:
    """Every currency that is legal tender somewhere today, by code: `EUR Euro`."""
    codes = {code for country in COUNTRIES for code in get_territory_currencies(country)}
    return sorted((code, f"{code} {_ENGLISH.currencies.get(code, '')}".strip()) for code in codes)


@cache
def time_zones() -> Options:
    """Every time zone of a place, by continent and city, and UTC; without the old names of others."""
    old = get_global("zone_aliases")
    places = [name for name in available_timezones() - set(old) if "/" in name and not name.startswith("Etc/")]
    return [(name, name.replace("_", " ")) for name in ("UTC", *sorted(places))]
