"""Example facts for the e-mails that a merchant can reword: what a preview shows and a test e-mail holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from workflows.clock import now
from workflows.portal_views import Marketplace


def examples(template: str, currency: str) -> dict[str, dict[str, Any]]:
    """The cases in which the e-mail is written, by what they are called, each with a context as its cause gives it."""
    at = now()
    facts = {"product": "Monthly box", "subscription_number": 1024, "amount_minor": 1999, "currency": currency}
    card = {"card_brand": "visa", "card_last_four": "4242"}
    if template == "final_notice":
        return {
            "The subscription has ended": {**facts, **card, "ended": True},
            "The subscription is left for a new card": {**facts, **card, "ended": False},
        }
    failed = {**facts, "failed_at": at.isoformat(), "reason": "The bank declined the payment."}
    return {
        "Another attempt comes": {
            **failed,
            **card,
            "ended": False,
            "next_attempt_at": (at + timedelta(days=3)).isoformat(),
        },
        "This card is not tried again": {**failed, "ended": False},
        "It was the last attempt": {**failed, **card, "ended": True},
    }


def example_row(marketplace: Marketplace, template: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """What message.py writes an e-mail from, for staff to look at; it has no id and goes nowhere by itself."""
    return {
        "id": marketplace.id,
        "template": template,
        "recipient": "customer@example.com",
        "context": dict(context),
        "example": True,
        "locale": None,
        **{name: getattr(marketplace, name) for name in _OF_MARKETPLACE},
    }


_OF_MARKETPLACE = ("slug", "name", "address", "support_email", "logo_digest", "email_button", "time_zone")
