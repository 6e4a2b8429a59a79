"""The table "Numbers" of PRODUCT.md says what the code holds, and has every number that the page promises."""

import importlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from models.database import fetch_value
from tasks.schedule import SCHEDULE
from tests.factories import a_marketplace
from workflows.access.sessions import SESSION_LIFETIME, STAFF_SESSION_LIFETIME
from workflows.billing.dunning.card_retry_limits import CARD_RETRIES, CARD_WINDOW
from workflows.billing.dunning.retry_policy import LAST_DAY
from workflows.billing.products import LONGEST_INTERVAL, LONGEST_TRIAL, MOST_PAYMENTS
from workflows.billing.subscriptions.data_cards import RECOVERED_WITHIN
from workflows.billing.subscriptions.staff_lists import SHOWN_BY_DEFAULT
from workflows.languages.catalogues import words_in
from workflows.marketplaces.link_lifetime import LINK_REMEMBERED_FOR
from workflows.marketplaces.logos import LARGEST_UPLOAD
from workflows.marketplaces.portal_settings_change import LONGEST_MINUTES, SHORTEST_MINUTES
from workflows.operations.marketplace_setup import DEFAULT_COLUMNS
from workflows.requests.idempotency import ANSWERS_KEPT_FOR
from workflows.runtime.settings import Settings
from workflows.webhooks.endpoints import ROTATION
from workflows.webhooks.retries import PAUSES, TRIED_FOR

_ROOT = Path(__file__).parents[1]
_PRODUCT = (_ROOT / "PRODUCT.md").read_text()
_SPELT = {3: "three", 10: "ten"}
_BEHAVIOURS, _TABLE = _PRODUCT.split("## 8. Numbers")
_SETTINGS = "workflows/runtime/settings.py"
_NAME = re.compile(r'(\w+)(?:\["(.+)"\])?')
_READINGS: list[tuple[str, Callable[[str], Any]]] = [
    (
        r"(\d+) (second|minute|hour|day)s?",
        lambda text: timedelta(**{text.split()[1].rstrip("s") + "s": int(text.split()[0])}),
    ),
    (r"(\d+) MB", lambda text: int(text.split()[0]) * 1024 * 1024),
    (r"on|off", lambda text: text == "on"),
    (r"\d+(, \d+)+", lambda text: tuple(int(part) for part in text.split(", "))),
    (r"\d+", int),
    (r"[a-z]+", str),
]
# Of the page's text: "30 minutes", "1 hour", "8 in 30 days", "20 a minute", "5 card attempts an hour".
_PROMISE = re.compile(
    r"(?<!\+)\b(\d+) (?:minutes?|hours?|days?)\b|\b(\d+) (?:card attempts )?(?:an hour|a minute|per client|in \d)"
)


class Number(NamedTuple):
    """A row of the table."""

    cited: str
    rule: str
    number: str
    file: str
    name: str


NUMBERS = [
    Number(*(cell.strip().strip("`") for cell in line.strip("|").split("|")))
    for line in _TABLE.splitlines()
    if re.match(r"\| \d", line)
]


def _read(text: str) -> Any:
    for pattern, read in _READINGS:
        if re.fullmatch(pattern, text):
            return read(text)
    raise AssertionError(f"{text!r} is no number that this test can read")


def _in_code(file: str, name: str) -> Any:
    if file == _SETTINGS:
        return Settings.model_fields[name.lower()].default
    named = _NAME.fullmatch(name)
    assert named is not None, name
    held = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), named[1])
    return held[named[2]] if named[2] else held


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: f"{number.cited} {number.name}")
def test_the_code_holds_the_number_of_the_table(number: Number) -> None:
    assert _in_code(number.file, number.name) == _read(number.number)


def _promises() -> list[tuple[str, str]]:
    """Each number with a unit of the behaviours: its row's citation, and the figure."""
    rows = re.findall(r"^\| (\d\.\d+\w?) \| (.*) \|$", _BEHAVIOURS, re.MULTILINE)
    return [(cited, found[1] or found[2]) for cited, text in rows for found in _PROMISE.finditer(text)]


def test_the_table_has_every_number_that_the_page_promises() -> None:
    listed = {(cited, row.number.split()[0]) for row in NUMBERS for cited in row.cited.split(", ")}

    assert len(_promises()) >= 14
    assert [promise for promise in _promises() if promise not in listed] == []


@pytest.mark.usefixtures("database")
async def test_what_a_new_marketplace_begins_with_stands_in_the_code_alone() -> None:
    defaults = await fetch_value(
        "SELECT array_agg(column_name::text) FROM information_schema.columns WHERE table_name = 'marketplace'"
        " AND column_name = ANY($1) AND column_default IS NOT NULL",
        list(DEFAULT_COLUMNS),
    )

    assert defaults is None
    assert (await a_marketplace()).link_lifetime_minutes == LONGEST_MINUTES


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("table", "column", "least", "most"),
    [
        ("marketplace", "link_lifetime_minutes", SHORTEST_MINUTES, LONGEST_MINUTES),
        ("product", "trial_days", 0, LONGEST_TRIAL.days),
        ("product", "interval_count", 1, LONGEST_INTERVAL),
        ("product", "payments", 1, MOST_PAYMENTS),
    ],
)
async def test_the_database_allows_what_the_code_allows(table: str, column: str, least: int, most: int) -> None:
    rule = await fetch_value(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conname = $1",
        f"{table}_{column}_check",
    )

    assert rule == f"CHECK ((({column} >= {least}) AND ({column} <= {most})))"


def _in_words(lifetime: timedelta) -> str:
    """30 minutes, 8 hours."""
    minutes = lifetime // timedelta(minutes=1)
    return f"{minutes // 60} hours" if minutes % 60 == 0 else f"{minutes} minutes"


_SAID = [
    f"Each session ends by itself after {_in_words(SESSION_LIFETIME)}.",
    f"A session lasts {_in_words(SESSION_LIFETIME)}.",
    f"Spend a link: a session of {_in_words(SESSION_LIFETIME)}.",
    f"Each session ends by itself after {_in_words(STAFF_SESSION_LIFETIME)}.",
    f"A session lasts {_in_words(STAFF_SESSION_LIFETIME)}.",
    f"A session of {_in_words(STAFF_SESSION_LIFETIME)}:",
    f"real within the last {LINK_REMEMBERED_FOR.days} days",
    f"PNG, JPEG, GIF or WebP, under {LARGEST_UPLOAD // 1024 // 1024} MB.",
    f"Each event is tried for {_SPELT[TRIED_FOR.days]} days; then the endpoint is disabled.",
    f"For {_SPELT[TRIED_FOR.days]} days nothing that we sent got through.",
    f"After {_SPELT[len(PAUSES) + 1]} tries over {_SPELT[TRIED_FOR.days]} days",
    f"For {ROTATION // timedelta(hours=1)} hours the one before signs too.",
    f"within {ANSWERS_KEPT_FOR // timedelta(hours=1)} hours, the same request",
    f"the {CARD_RETRIES} tries in {CARD_WINDOW.days} days that card networks allow",
    f"attempts in any {CARD_WINDOW.days} days, the last by day {LAST_DAY}.",
    f"Days ascend from 1, the failed charge itself, to {LAST_DAY} at most, with at most {CARD_RETRIES} attempts",
    f"of the last {SHOWN_BY_DEFAULT.days} days",
    f"in the last {RECOVERED_WITHIN.days} days. Refunds are not subtracted.",
]


@pytest.mark.parametrize("sentence", _SAID)
def test_pages_and_the_api_say_the_numbers_of_the_code(sentence: str) -> None:
    texts = [
        " ".join(file.read_text().split())
        for folder in ("web", "api")
        for file in (_ROOT / folder).rglob("*.*")
        if file.suffix in {".html", ".py"}
    ]

    assert any(sentence in text for text in texts)


@pytest.mark.parametrize("language", ["de", "es", "fr", "pt"])
def test_translations_say_how_long_a_session_lasts(language: str) -> None:
    lasts = _in_words(SESSION_LIFETIME)
    english = (
        f"Each session ends by itself after {lasts}. End one that you do not know, and it is out at once.",
        f"A session lasts {lasts}. Sign in again and you will be back where you were.",
    )
    said = [words_in(language).gettext(sentence) for sentence in english]

    assert not set(said) & set(english)
    assert all(lasts.split()[0] in text for text in said)


def test_the_schedule_seals_as_often_as_the_setting_says() -> None:
    assert SCHEDULE["audit.seal"] == timedelta(minutes=Settings.model_fields["seal_every_minutes"].default)
