"""How a marketplace's figures are put before one visitor: its time zone, its visitor's English.

The pages are in English; so are their months. What differs is whether March comes before the 5th.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows import formatting
from workflows.portal_views import CardShown

_ENGLISH_OF = re.compile(r"\ben-([a-z]{2})\b", re.IGNORECASE)


class _Charged(Protocol):
    """Whatever is charged again and again: a subscription, as anybody sees it."""

    @property
    def interval_unit(self) -> str:
        """The word of formatting.py."""
        ...

    @property
    def interval_count(self) -> int:
        """How many of them."""
        ...


@dataclass(frozen=True, slots=True)
class Show:
    """Puts money, dates and cards into words for one visitor."""

    time_zone: str
    locale: str

    def money(self, minor: int, currency: str) -> str:
        """`$19.99`."""
        return formatting.money(minor, currency, self.locale)

    def day(self, instant: datetime) -> str:
        """`March 15, 2026`."""
        return formatting.day(instant, self.time_zone, self.locale)

    def moment(self, instant: datetime) -> str:
        """Where minutes matter."""
        return formatting.moment(instant, self.time_zone, self.locale)

    def interval(self, subscription: _Charged) -> str:
        """`every 3 months`."""
        return formatting.interval_words(subscription.interval_unit, subscription.interval_count)

    def card(self, card: CardShown) -> str:
        """`Visa ending in 4242`."""
        return formatting.card(card.brand, card.last_four)

    def expiry(self, card: CardShown) -> str:
        """`04/29`, as it is printed on the card."""
        return f"{card.exp_month:02}/{card.exp_year % 100:02}"


def show_for(time_zone: str, country: str, accept_language: str) -> Show:
    """By what the browser asks for (`en-GB`), else by the marketplace's country."""
    asked = _ENGLISH_OF.search(accept_language)
    return Show(time_zone, f"en_{asked[1].upper() if asked else country}")
