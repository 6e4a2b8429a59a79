"""What an e-mail knows of its cause, put into words for its reader: amounts, days, cards in their locale.

A fact that is not there has no words: each method answers None then, and whatever would show it is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.languages.formatting import card, day, interval_words, minutes_words, moment, money
from workflows.languages.sentences import say
from workflows.languages.typed_text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateValues:
    """The context of an e-mail (catalogue.py) beside its marketplace and its reader's locale. `link`: it has one."""

    given: Mapping[str, Any]
    marketplace: str
    support_email: str | None
    portal_url: str
    locale: str | None
    time_zone: str
    link: bool

    def text(self, name: str) -> str | None:
        """A fact as it is, on one line."""
        value = self.given.get(name)
        return None if value is None else one_line(str(value))

    def said(self, name: str) -> str | None:
        """A sentence of ours, in the reader's language."""
        text = self.text(name)
        return text and say(text, self.locale)

    def yes(self, name: str) -> str | None:
        """'yes', where the fact is true: for `{% if %}`."""
        return "yes" if self.given.get(name) else None

    def money(self, name: str) -> str | None:
        """An amount of the e-mail's currency: '$19.99'."""
        minor = self.given.get(name)
        return None if minor is None else money(minor, self.given["currency"], self.locale)

    def day(self, name: str) -> str | None:
        """'March 15, 2026', in the marketplace's time zone."""
        instant = self._instant(name)
        return instant and day(instant, self.time_zone, self.locale)

    def moment(self, name: str) -> str | None:
        """The same to the minute."""
        instant = self._instant(name)
        return instant and moment(instant, self.time_zone, self.locale)

    def card(self) -> str | None:
        """'Visa ending in 4242'."""
        last_four = self.text("card_last_four")
        return last_four and card(self.text("card_brand") or "", last_four, self.locale)

    def expiry(self) -> str | None:
        """'04/2026', as cards have it."""
        month, year = self.given.get("exp_month"), self.given.get("exp_year")
        return None if month is None or year is None else f"{month:02}/{year}"

    def lifetime(self) -> str | None:
        """'1 hour'."""
        minutes = self.given.get("lifetime_minutes")
        return None if minutes is None else minutes_words(minutes, self.locale)

    def interval(self) -> str | None:
        """'every 3 months'."""
        unit = self.given.get("interval_unit")
        return unit and interval_words(unit, self.given.get("interval_count") or 1, self.locale)

    def _instant(self, name: str) -> datetime | None:
        value = self.given.get(name)
        return None if value is None else datetime.fromisoformat(value)
