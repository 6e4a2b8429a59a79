"""How a marketplace's words and figures are put before one visitor: its time zone, the visitor's language.

The portal speaks the customer's (languages/locales.py); the console speaks English, and what differs there is whether
March comes before the 5th.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.billing.subscriptions.views import CardShown
from workflows.languages import formatting
from workflows.languages.locales import choose_locale, language_of
from workflows.languages.sentences import say
from workflows.marketplaces.tenant import Marketplace

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

    @property
    def language(self) -> str:
        """`de`: what the page is in."""
        return language_of(self.locale)

    def say(self, text: str, **values: object) -> str:
        """A sentence that a workflow marked, in the visitor's language."""
        return say(text, self.locale, **values)

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
        return formatting.interval_words(subscription.interval_unit, subscription.interval_count, self.locale)

    def card(self, card: CardShown) -> str:
        """`Visa ending in 4242`."""
        return formatting.card(card.brand, card.last_four, self.locale)

    def minutes(self, minutes: int) -> str:
        """`1 hour`, `45 minutes`."""
        return formatting.minutes_words(minutes, self.locale)

    def expiry(self, card: CardShown) -> str:
        """`04/29`, as it is printed on the card."""
        return f"{card.exp_month:02}/{card.exp_year % 100:02}"


def show_for(marketplace: Marketplace, accept_language: str, setting: str | None = None) -> Show:
    """To a customer: by their own setting, else their browser's, else the marketplace's language."""
    locale = choose_locale(setting, accept_language, marketplace.language, marketplace.country)
    return Show(marketplace.time_zone, locale)


def show_to_staff(marketplace: Marketplace, accept_language: str) -> Show:
    """In English: the browser's (`en-GB`), else the marketplace's country's."""
    asked = _ENGLISH_OF.search(accept_language)
    return Show(marketplace.time_zone, f"en_{asked[1].upper() if asked else marketplace.country}")


def show_to_anybody(accept_language: str) -> Show:
    """On pages that belong to no marketplace."""
    return Show("UTC", choose_locale(None, accept_language, "en", ""))
