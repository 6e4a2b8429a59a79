"""Facts in words and figures as people read them: money, dates, cards, intervals.

Pure and synchronous; asks no clock and no database; serves pages, e-mails and invoices. Locales are BCP 47 or POSIX
names ("de-AT", "pt_BR"); an unknown one reads as English rather than failing: it came from a merchant's file. Words are
in the locale's language where workflows/languages has it.

>>> money(1999, "USD", "en")
'$19.99'
"""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale, get_global
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern
from babel.units import format_unit

from workflows.languages.catalogues import words_in
from workflows.languages.locales import ENGLISH, known_locale
from workflows.languages.sentences import say

__all__ = [
    "CURRENCIES",
    "DEFAULT_LOCALE",
    "card",
    "day",
    "exponent",
    "interval_words",
    "known_locale",
    "minutes_words",
    "moment",
    "money",
    "waiting_words",
]

DEFAULT_LOCALE = ENGLISH

# ISO 4217 as Unicode's CLDR (Babel) keeps it: nothing to maintain here. Of the codes that begin with X, which are no
# country's, these five are money; the others are metals, funds, "no currency" and tests.
CURRENCIES = frozenset(
    code for code in get_global("all_currencies") if code[0] != "X" or code in ("XAF", "XCD", "XCG", "XOF", "XPF")
)

# ISO 4217's exponents where they are not 2. Babel's (CLDR's) say how many digits a country uses in daily
# life, which is none for the dinar of Serbia: read as minor units, that would be wrong a hundredfold.
# fmt: off
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"
_GAP = "\N{NO-BREAK SPACE}"
_BRANDS = {  # gateways' words for them; others are capitalised
    "visa":             "Visa",
    "mastercard":       "Mastercard",
    "amex":             "American Express",
    "american_express": "American Express",
    "discover":         "Discover",
    "diners":           "Diners Club",
    "jcb":              "JCB",
    "unionpay":         "UnionPay",
}
# fmt: on
_EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    **dict.fromkeys(_FOUR_DECIMALS.split(), 4),
}


def exponent(currency: str) -> int:
    """How many decimal places an ISO 4217 currency's minor unit is: 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def money(minor: int, currency: str, locale: str | None = DEFAULT_LOCALE) -> str:
    """An amount in minor units, with its currency, as the locale writes it: '$19.99', '19,99 €', '¥500'."""
    known = known_locale(locale)
    amount = Decimal(minor).scaleb(-exponent(currency))
    return _pattern(str(known), currency).apply(amount, known, currency=currency, currency_digits=False)


def day(instant: datetime, time_zone: str = "UTC", locale: str | None = DEFAULT_LOCALE) -> str:
    """The date of an aware instant in a zone, the month spelt: 'March 15, 2026', '15. März 2026'."""
    return format_date(instant.astimezone(_zone(time_zone)).date(), "long", known_locale(locale))


def moment(instant: datetime, time_zone: str = "UTC", locale: str | None = DEFAULT_LOCALE) -> str:
    """Date, time and zone of an aware instant, where minutes matter: '16.03.2026, 00:30 CET'."""
    known = known_locale(locale)
    local = instant.astimezone(_zone(time_zone))
    date = format_date(local, "medium", locale=known)
    time = format_time(local, "short", tzinfo=local.tzinfo, locale=known)
    return f"{date}, {time} {local.tzname()}"


def card(brand: str, last_four: str, locale: str | None = DEFAULT_LOCALE) -> str:
    """A card as people know it: 'Visa ending in 4242'. `brand` is the gateway's word for it."""
    name = _BRANDS.get(brand.lower(), brand.replace("_", " ").title()) or say("Card", locale)
    return say("%(brand)s ending in %(digits)s", locale, brand=name, digits=last_four)


def interval_words(unit: str, count: int = 1, locale: str | None = DEFAULT_LOCALE) -> str:
    """How often: 'every month', 'every 3 months'. Raises KeyError for no unit of day, week, month, year."""
    ngettext = words_in(locale).ngettext
    words = {
        "day": ngettext("every day", "every %(count)s days", count),
        "week": ngettext("every week", "every %(count)s weeks", count),
        "month": ngettext("every month", "every %(count)s months", count),
        "year": ngettext("every year", "every %(count)s years", count),
    }
    return words[unit] % {"count": count}


def minutes_words(minutes: int, locale: str | None = DEFAULT_LOCALE) -> str:
    """How long: '1 hour', '45 minutes'."""
    hours, rest = divmod(minutes, 60)
    return _measure(hours, "hour", locale) if rest == 0 and hours > 0 else _measure(minutes, "minute", locale)


def waiting_words(seconds: int, locale: str | None = DEFAULT_LOCALE) -> str:
    """How long to wait: '40 seconds', '12 minutes'; rounded up, so that waiting so long is enough."""
    return _measure(seconds, "second", locale) if seconds < 90 else _measure(-(-seconds // 60), "minute", locale)


def _measure(count: int, unit: str, locale: str | None) -> str:
    return format_unit(count, f"duration-{unit}", "long", locale=known_locale(locale))


@lru_cache(maxsize=256)
def _pattern(locale: str, currency: str) -> NumberPattern:
    pattern = parse_pattern(Locale.parse(locale).currency_formats["standard"].pattern)
    pattern.frac_prec = (exponent(currency), exponent(currency))
    # Unicode TR 35, "currencySpacing", which Babel leaves out: "KWD 12.345", not "KWD12.345".
    symbol = get_currency_symbol(currency, locale)
    (plus, minus), (after, after_minus) = pattern.prefix, pattern.suffix
    if symbol[-1].isalpha():
        pattern.prefix = (re.sub("¤$", f"¤{_GAP}", plus), re.sub("¤$", f"¤{_GAP}", minus))
    if symbol[0].isalpha():
        pattern.suffix = (re.sub("^¤", f"{_GAP}¤", after), re.sub("^¤", f"{_GAP}¤", after_minus))
    return pattern


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
