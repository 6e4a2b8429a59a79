"""What a marketplace's country, time zone and currency are chosen from, with their English names (Unicode CLDR)."""

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.numbers import get_territory_currencies

from workflows.marketplaces import COUNTRIES

_ENGLISH = Locale("en")
Options = list[tuple[str, str]]  # the code, and what people read


@cache
def countries() -> Options:
    """Every country, by name."""
    names = {code: str(_ENGLISH.territories[code]) for code in COUNTRIES}
    return sorted(names.items(), key=lambda one: one[1])


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
