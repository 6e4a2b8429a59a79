"""The table "Numbers" of PRODUCT.md says what the code holds, and has every number that the page promises."""

import importlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from models.database import fetch_value
from tests.factories import a_marketplace
from workflows.billing.products import LONGEST_INTERVAL, LONGEST_TRIAL, MOST_PAYMENTS
from workflows.marketplaces.portal_settings_change import LONGEST_MINUTES, SHORTEST_MINUTES
from workflows.operations.marketplace_setup import DEFAULT_COLUMNS
from workflows.runtime.settings import Settings

_PRODUCT = (Path(__file__).parents[1] / "PRODUCT.md").read_text()
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
