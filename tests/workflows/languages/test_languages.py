"""No catalogue has a gap, and each says in its language what the code says in English."""

import re
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog, Message

from cli.languages import (
    TRANSLATED,
    as_file,
    brought_up_to_date,
    catalogue_file,
    gaps,
    marked_messages,
    read_catalogue,
    strings,
)
from workflows.languages.catalogues import words_in
from workflows.languages.formatting import card, day, interval_words, minutes_words, money, waiting_words
from workflows.languages.locales import LANGUAGES, choose_locale, language_of, preferences
from workflows.languages.sentences import say
from workflows.runtime.settings import settings

_VALUE = re.compile(r"%\(\w+\)s|%%|\{\{ \w+ \}\}|\{% [\w ]+ %\}")
_TAG = re.compile(r"<[^>]+>")
_LEFT_IN_ENGLISH = re.compile(r"\b(the|your|you|has|with|from|card is|subscription)\b", re.IGNORECASE)
_MARCH = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def marked() -> Catalog:
    """What the code says."""
    return marked_messages()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_all_that_the_code_says_and_nothing_else(marked: Catalog, language: str) -> None:
    fresh = brought_up_to_date(read_catalogue(language), marked)

    assert gaps(fresh) == []
    assert as_file(fresh) == catalogue_file(language).read_bytes(), "run ./gatehouse languages"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_values_and_the_markup_of_its_message(language: str) -> None:
    for message in _messages(language):
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        assert len(strings(message)) == (1 if len(ids) == 1 else 2), message.id
        for english, said in zip(ids, strings(message), strict=True):
            assert sorted(_VALUE.findall(said)) == sorted(_VALUE.findall(english)), (english, said)
            assert sorted(_TAG.findall(said)) == sorted(_TAG.findall(english)), (english, said)
            assert "%" not in _VALUE.sub("", said), (english, said)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_in_english(language: str) -> None:
    left = [said for message in _messages(language) for said in strings(message) if _LEFT_IN_ENGLISH.search(said)]

    assert left == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_ends_as_its_message_does(language: str) -> None:
    """A missing full stop shows where sentences stand one after the other."""
    for message in _messages(language):
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        for english, said in zip(ids, strings(message), strict=True):
            ends = [_TAG.sub("", text).rstrip()[-1] in ".?!" for text in (english, said)]
            assert ends[0] == ends[1], (english, said)
            assert said.count("\n") == english.count("\n"), "paragraphs are as many"
            assert not re.search(r"  | \n|^\s| $", said), said


def _messages(language: str) -> list[Message]:
    return [message for message in read_catalogue(language) if message.id]


# fmt: off
EVERY = [  # language, every month, every 2 weeks, every 3 years
    ("en", "every month",    "every 2 weeks",        "every 3 years"),
    ("de", "jeden Monat",    "alle 2 Wochen",        "alle 3 Jahre"),
    ("fr", "chaque mois",    "toutes les 2 semaines", "tous les 3 ans"),
    ("es", "cada mes",       "cada 2 semanas",       "cada 3 años"),
    ("pt", "todos os meses", "a cada 2 semanas",     "a cada 3 anos"),
]
FACTS = [  # locale, an amount, a day, an hour, a wait, a card
    ("en_GB", "€12,345.67", "15 March 2026",       "1 hour",  "2 minutes", "Visa ending in 4242"),
    ("de_DE", "12.345,67 €", "15. März 2026",       "1 Stunde", "2 Minuten", "Visa mit Endziffern 4242"),
    ("fr_FR", "12 345,67 €", "15 mars 2026",        "1 heure", "2 minutes", "Visa se terminant par 4242"),
    ("es_ES", "12.345,67 €", "15 de marzo de 2026", "1 hora",  "2 minutos", "Visa terminada en 4242"),
    ("pt_BR", "€ 12.345,67", "15 de março de 2026", "1 hora",  "2 minutos", "Visa com final 4242"),
]
# fmt: on


@pytest.mark.parametrize(("language", "monthly", "fortnightly", "rarely"), EVERY)
def test_an_interval_is_said_in_each_language(language: str, monthly: str, fortnightly: str, rarely: str) -> None:
    said = [interval_words(unit, count, language) for unit, count in (("month", 1), ("week", 2), ("year", 3))]

    assert said == [monthly, fortnightly, rarely]


@pytest.mark.parametrize(("locale", "amount", "date", "hour", "wait", "visa"), FACTS)
def test_facts_are_said_as_each_country_says_them(
    locale: str, amount: str, date: str, hour: str, wait: str, visa: str
) -> None:
    said = [
        money(1234567, "EUR", locale),
        day(_MARCH, "UTC", locale),
        minutes_words(60, locale),
        waiting_words(91, locale),
        card("visa", "4242", locale),
    ]

    assert [re.sub(r"\s", " ", text) for text in said] == [amount, date, hour, wait, visa]


def test_french_says_none_in_the_singular() -> None:
    words = words_in("fr")

    assert words.ngettext("every day", "every %(count)s days", 0) == "chaque jour"
    assert words_in("de").ngettext("every day", "every %(count)s days", 0) == "alle %(count)s Tage"


def test_a_text_that_nobody_marked_is_said_as_it_is() -> None:
    assert say("Ada's tea, 100% pure", "de") == "Ada's tea, 100% pure"
    assert say("", "de") == ""


# fmt: off
CHOICES = [  # the customer's setting, the browser, the marketplace's language and country, what is spoken
    ("fr-CA", "de-DE,de;q=0.9",          "es", "US", "fr_CA"),
    (None,    "de-DE,de;q=0.9",          "es", "US", "de_DE"),
    (None,    "",                        "es", "MX", "es_MX"),
    (None,    "ja, sv;q=0.5",            "pt", "BR", "pt_BR"),
    ("ja",    "ja",                      "de", "AT", "de_AT"),
    (None,    "en;q=0.2, pt-PT;q=0.8",   "de", "DE", "pt_PT"),
    (None,    "fr;q=0, es;q=0.001",      "de", "DE", "es"),
    (None,    "*",                       "fr", "BE", "fr_BE"),
    ("de",    "",                        "en", "US", "de"),
    ("en",    "",                        "de", "GB", "en_GB"),
    (None,    "es-419,es;q=0.9",         "en", "US", "es_419"),
    (None,    "DE-at",                   "en", "US", "de_AT"),
]
NONSENSE = [
    "", ",", ";;;", "de;q=high", "de;q=2", "\x00", "en-", "-de", "q=1", "d", "deutsch", "de;q=1;q=1", "a" * 100_000,
    ",".join(["xx"] * 10_000), "Ⅾe", "de\u0660", "../../de", "de.po", "<script>", "%s", "zh-Hant-TW",
]
# fmt: on


@pytest.mark.parametrize(("setting", "browser", "language", "country", "spoken"), CHOICES)
def test_the_customer_comes_before_the_browser_before_the_marketplace(
    setting: str | None, browser: str, language: str, country: str, spoken: str
) -> None:
    assert choose_locale(setting, browser, language, country) == spoken


@pytest.mark.parametrize("header", NONSENSE)
def test_nonsense_from_a_browser_asks_for_nothing(header: str) -> None:
    assert choose_locale(None, header, "fr", "FR") == "fr_FR"
    assert choose_locale(header, "", "fr", "FR") == "fr_FR"


def test_what_is_nonsense_leaves_the_rest_of_the_header_alone() -> None:
    assert preferences("de;q=high, ,es-MX ;q=0.3,pt;Q=0.9,*;q=0.1") == ["pt", "es-MX"]


def test_what_is_wanted_alike_is_taken_in_its_order() -> None:
    assert preferences("pt, de, fr;q=0.5, es;q=0.5") == ["pt", "de", "fr", "es"]


def test_words_in_brackets_are_for_development_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert say("Sign in", "en-XA") == "[Sign in]"
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("MAILER", "smtp")
    settings.cache_clear()

    assert language_of("en-XA") == "en"
    assert say("Sign in", "en-XA") == "Sign in"


def test_each_language_is_called_by_its_own_name() -> None:
    assert list(LANGUAGES.values()) == ["Deutsch", "English", "Español", "Français", "Português"]
