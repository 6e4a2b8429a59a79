"""Money, dates, cards and intervals as people read them."""

from datetime import UTC, datetime

import pytest

from workflows.languages.formatting import card, day, interval_words, known_locale, minutes_words, moment, money

NIGHT = datetime(2026, 3, 15, 23, 30, tzinfo=UTC)
NARROW = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "words"),
    [
        (1999, "USD", "en", "$19.99"),
        (123456789, "USD", "en", "$1,234,567.89"),
        (0, "USD", "en", "$0.00"),
        (1999, "EUR", "de-DE", f"19,99{NARROW}€"),
        (500, "JPY", "en", "¥500"),
        (1234567, "JPY", "ja", "\N{FULLWIDTH YEN SIGN}1,234,567"),
        (12345, "KWD", "en", f"KWD{NARROW}12.345"),
        (10000, "RSD", "en", f"RSD{NARROW}100.00"),  # CLDR writes none of its 2 decimal places
        (12345, "CLF", "en", f"CLF{NARROW}1.2345"),
        (-500, "USD", "en", "-$5.00"),
        (9007199254740993, "USD", "en", "$90,071,992,547,409.93"),  # a float could not hold it
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(minor: int, currency: str, locale: str, words: str) -> None:
    assert money(minor, currency, locale) == words


def test_a_day_is_that_of_the_marketplaces_time_zone() -> None:
    assert day(NIGHT, "UTC", "en") == "March 15, 2026"
    assert day(NIGHT, "Europe/Berlin", "en") == "March 16, 2026"
    assert day(NIGHT, "Europe/Berlin", "de") == "16. März 2026"
    assert day(NIGHT, "America/New_York", "en-GB") == "15 March 2026"


def test_a_moment_names_its_zone() -> None:
    assert moment(NIGHT, "Europe/Berlin", "de") == "16.03.2026, 00:30 CET"


@pytest.mark.parametrize("nonsense", ["", None, "xx-YY", "zz", "../../etc/passwd", "e" * 500, "en_US.UTF-8"])
def test_a_locale_that_nobody_knows_reads_as_english(nonsense: str | None) -> None:
    assert known_locale(nonsense).language == "en"
    assert money(100, "USD", nonsense) == "$1.00"


def test_an_unknown_region_keeps_its_language() -> None:
    assert known_locale("de-ZZ").language == "de"


def test_cards_and_intervals_read_as_words() -> None:
    assert card("visa", "4242") == "Visa ending in 4242"
    assert card("american_express", "0005") == "American Express ending in 0005"
    assert card("cartes_bancaires", "1111") == "Cartes Bancaires ending in 1111"
    assert interval_words("month") == "every month"
    assert interval_words("day", 10) == "every 10 days"
    assert [minutes_words(minutes) for minutes in (1, 10, 60, 90, 120)] == [
        "1 minute",
        "10 minutes",
        "1 hour",
        "90 minutes",
        "2 hours",
    ]
