"""Reading one row's columns: text in, typed values out, every problem noted with its column.

A reader answers with a stand-in where it notes a problem; a row with problems is never stored. No SQL here.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from workflows.customers.addresses import clean_email
from workflows.importing.shapes import Place, Problem
from workflows.languages.formatting import CURRENCIES, exponent
from workflows.runtime.errors import InvalidInput

LONGEST_REFERENCE = 200  # characters; a reference is an id in the merchant's old system
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOON = time(12)  # a date alone: noon in the marketplace's time zone is the same day nearly everywhere

_AMOUNT = re.compile(r"(\d{1,13})(?:\.(\d{1,6}))?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,2}", re.ASCII)
_LAST_FOUR = re.compile(r"\d{4}", re.ASCII)
_INTEGER = re.compile(r"\d{1,9}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CONTROL = re.compile(r"[\x01-\x1f\x7f]")
_CONTROL_BUT_LINES = re.compile(r"[\x01-\x09\x0b\x0c\x0e-\x1f\x7f]")
_UNDECODED = re.compile(r"[\udc80-\udcff]")  # what `surrogateescape` makes of bytes that are not UTF-8


class Fields:
    """One row, by column; columns that the file does not have read as empty."""

    __slots__ = ("_place", "_values", "problems")

    def __init__(self, values: Mapping[str, str], place: Place) -> None:
        self._values = values
        self._place = place
        self.problems: list[Problem] = []

    def refuse(self, column: str, reason: str) -> None:
        """Notes a problem."""
        self.problems.append(Problem(column, reason))

    def has(self, column: str) -> bool:
        """Whether the column is there and not empty."""
        return bool(self._raw(column))

    def text(self, column: str, longest: int, *, required: bool = False, lines: bool = False) -> str:
        """Text without surrounding space, '' when empty. Formulas ("=1+1") are text like any other."""
        value = self._raw(column)
        if not value:
            if required:
                self.refuse(column, "is empty")
        elif len(value) <= longest and value.isprintable():
            return value
        elif "\0" in value:
            self.refuse(column, "contains a NUL byte")
        elif _UNDECODED.search(value):
            self.refuse(column, "is not UTF-8")
        elif len(value) > longest:
            self.refuse(column, f"is longer than {longest} characters")
        elif (_CONTROL_BUT_LINES if lines else _CONTROL).search(value):
            self.refuse(
                column, "contains control characters" if lines else "contains a line break or control character"
            )
        else:
            return value
        return ""

    def optional(self, column: str, longest: int) -> str | None:
        """Like `text`, None when empty."""
        return self.text(column, longest) or None

    def reference(self, column: str = "reference", *, required: bool = True) -> str:
        """The merchant's own id of this or of another thing."""
        return self.text(column, LONGEST_REFERENCE, required=required)

    def email(self, column: str) -> str:
        """An address, its domain normalized; its case is kept and ignored in comparisons."""
        value = self.text(column, 254, required=True)
        if not value:
            return ""
        try:
            return clean_email(value, column)
        except InvalidInput:
            self.refuse(column, "is not an e-mail address")  # somebody's all the same: reports of accounts are kept
            return ""

    def choice(self, column: str, choices: Collection[str], *, required: bool = True) -> str:
        """One of a few words, '' when it is none of them."""
        value = self.text(column, 40, required=required)
        if value and value not in choices:
            self.refuse(column, f"is {shortened(value)}, not one of {', '.join(choices)}")
            return ""
        return value

    def currency(self, column: str = "currency") -> str:
        """An ISO 4217 code, in capitals."""
        value = self.text(column, 40, required=True)
        if value and value not in CURRENCIES:
            self.refuse(column, f"is not a currency's three capital letters: {shortened(value)}")
            return ""
        return value

    def amount(self, column: str, currency: str, *, required: bool = True) -> int:
        """Money as people write it ("11.77"), in minor units of the currency. Never negative."""
        value = self.text(column, 40, required=required)
        if not value:
            return 0
        if value.startswith("-"):
            self.refuse(column, f"is negative: {value}")
            return 0
        match = _AMOUNT.fullmatch(value)
        if match is None:
            self.refuse(column, f"is not an amount like 1234.56: {shortened(value)}")
            return 0
        return self._minor(column, match[1], (match[2] or "").rstrip("0"), currency)

    def _minor(self, column: str, whole: str, decimals: str, currency: str) -> int:
        places = exponent(currency)
        if len(decimals) > places:
            self.refuse(column, f"has more decimals than {currency} has ({places})" if currency else "has no currency")
            return 0
        return int(whole) * 10**places + int(decimals.ljust(places, "0") or "0")

    def integer(self, column: str, least: int, most: int, *, required: bool = False, default: int = 0) -> int:
        """A whole number within bounds; `default` when empty."""
        value = self.text(column, 40, required=required)
        if not value:
            return default
        if not _INTEGER.fullmatch(value) or not least <= int(value) <= most:
            self.refuse(column, f"is not a whole number from {least} to {most}: {shortened(value)}")
            return default
        return int(value)

    def instant(self, column: str, *, required: bool = True, past: bool = True) -> datetime | None:
        """An instant (ISO 8601 with its offset), or a date, which means noon there. `past`: not in the future."""
        value = self.text(column, 40, required=required)
        if not value:
            return None
        at = _instant(value, self._place.zone)
        if at is None:
            self.refuse(
                column, f"is neither a date (2026-03-15) nor an instant (2026-03-15T10:00:00Z): {shortened(value)}"
            )
        elif past and at > self._place.now:
            self.refuse(column, f"lies in the future: {value}")
        return at

    def moment(self, column: str) -> datetime:
        """A required instant in the past."""
        return self.instant(column) or _EPOCH

    def country(self, column: str) -> str | None:
        """Two capital letters, None when empty."""
        return self._matching(column, _COUNTRY, "is not a country's two capital letters")

    def locale(self, column: str) -> str | None:
        """A language, with a region or without ("de-AT"), None when empty."""
        return self._matching(column, _LOCALE, "is not a locale like en-US")

    def last_four(self, column: str) -> str:
        """The last four digits of a card."""
        return self._matching(column, _LAST_FOUR, "is not four digits") or ""

    def _matching(self, column: str, pattern: re.Pattern[str], reason: str) -> str | None:
        value = self.text(column, 40)
        if value and not pattern.fullmatch(value):
            self.refuse(column, f"{reason}: {shortened(value)}")
        return value or None

    def _raw(self, column: str) -> str:
        return self._values.get(column, "").strip()


def shortened(value: str) -> str:
    """A value as a report shows it: in quotes, at most 40 characters."""
    return repr(value if len(value) <= 40 else value[:39] + "…")


def _instant(value: str, zone: ZoneInfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        if _DATE.fullmatch(value):
            at = datetime.combine(at.date(), _NOON, tzinfo=zone)
        return None if at.tzinfo is None or not 1900 <= at.year <= 2200 else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
