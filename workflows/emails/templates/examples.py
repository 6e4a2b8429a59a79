"""Example facts for every e-mail, case by case: for previews, for test e-mails, and to try a merchant's words on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from workflows.emails.templates.catalogue import EXAMPLE_CAUSE
from workflows.languages.decline_reasons import reason_for_customer
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

Cases = dict[str, dict[str, Any]]

_SUBSCRIPTION: Mapping[str, Any] = {"product": "Monthly box", "subscription_number": 1024}
_CARD: Mapping[str, Any] = {"card_brand": "visa", "card_last_four": "4242"}
_USUAL = "As usual"


def examples(template: str, currency: str) -> Cases:
    """The cases in which the e-mail is written, by what they are called, each with a context as its cause gives it."""
    at, price = now(), {"amount_minor": 1999, "currency": currency}
    every = (_of_links, _of_receipts, _of_failures, _of_changes, _of_staff)
    return next(found[template] for of in every if template in (found := of(at, price)))


def example_row(marketplace: Marketplace, template: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """What message.py writes an e-mail from, for staff to look at; it has no id and goes nowhere by itself."""
    return {
        "id": marketplace.id,
        "template": template,
        "cause": EXAMPLE_CAUSE,
        "recipient": "customer@example.com",
        "context": dict(context),
        "locale": None,
        "language": None,
        "own_texts": None,
        "marketplace_language": marketplace.language,
        **{name: getattr(marketplace, name) for name in _OF_MARKETPLACE},
    }


_OF_MARKETPLACE = (
    *("slug", "name", "address", "support_email"),
    *("logo_digest", "accent_color", "email_button", "time_zone", "country"),
)


def _in(at: datetime, days: int) -> str:
    return (at + timedelta(days=days)).isoformat()


def _of_links(_at: datetime, _price: Mapping[str, Any]) -> dict[str, Cases]:
    lifetime = {"lifetime_minutes": 60}
    return {
        "access_link": {_USUAL: lifetime},
        "staff_access_link": {_USUAL: lifetime},
        "card_update_link": {_USUAL: {**lifetime, **_SUBSCRIPTION}},
    }


def _of_receipts(at: datetime, price: Mapping[str, Any]) -> dict[str, Cases]:
    order = {"product": "Monthly box", "order_number": 2048, **price, "paid_at": at.isoformat()}
    monthly = {"subscription_number": 1024, "interval_unit": "month", "interval_count": 1}
    renewal = {**_SUBSCRIPTION, **price, "order_number": 2048, "paid_at": at.isoformat()}
    return {
        "order_receipt": {
            "Paid once": {**order, **_CARD, "quantity": 2, "invoice_number": "INV-000512"},
            "A subscription starts": {**order, **monthly, "next_charge_at": _in(at, 30)},
            "A free trial starts": {
                **order,
                **monthly,
                "amount_minor": 0,
                "trial_ends_at": _in(at, 14),
                "next_charge_at": _in(at, 14),
            },
            "Nothing to pay": {**order, "amount_minor": 0},
        },
        "renewal_receipt": {
            "Until cancelled": renewal,
            "One of six payments": {
                **renewal,
                **_CARD,
                "invoice_number": "INV-000513",
                "next_charge_at": _in(at, 30),
                "payment_number": 2,
                "payments_total": 6,
            },
        },
        "refund": {
            "In part": {
                "product": "Monthly box",
                "order_number": 2048,
                **price,
                **_CARD,
                "paid_minor": 2 * price["amount_minor"],
                "refunded_at": at.isoformat(),
            },
            "Without a card on file": {
                "product": "Monthly box",
                "order_number": 2048,
                **price,
                "refunded_at": at.isoformat(),
            },
        },
    }


def _of_failures(at: datetime, price: Mapping[str, Any]) -> dict[str, Cases]:
    owed = {**_SUBSCRIPTION, **price}
    failed = {**owed, "failed_at": at.isoformat(), "reason": reason_for_customer("insufficient_funds")}
    return {
        "failed_charge": {
            "Another attempt comes": {**failed, **_CARD, "ended": False, "next_attempt_at": _in(at, 3)},
            "This card is not tried again": {**failed, "ended": False},
            "The bank wants the customer to confirm": {
                **failed,
                **_CARD,
                "reason": reason_for_customer("authentication_required"),
                "ended": False,
                "confirm": True,
            },
            "It was the last attempt": {**failed, **_CARD, "ended": True},
        },
        "final_notice": {
            "The subscription has ended": {**owed, **_CARD, "ended": True},
            "The subscription is left for a new card": {**owed, **_CARD, "ended": False},
        },
    }


def _of_changes(at: datetime, price: Mapping[str, Any]) -> dict[str, Cases]:
    trial = {**_SUBSCRIPTION, **price, "trial_ends_at": _in(at, 3)}
    expiring = {**_SUBSCRIPTION, **_CARD, "exp_month": at.month, "exp_year": at.year}
    return {
        "trial_ending": {
            "With a card on file": {**trial, **_CARD, "interval_unit": "month", "interval_count": 1},
            "Without": trial,
        },
        "card_expiring": {
            "Before the next payment": {**expiring, **price, "next_charge_at": _in(at, 7)},
            "With no payment planned": expiring,
        },
        "card_updated": {_USUAL: {**_SUBSCRIPTION, **_CARD}},
        "subscription_cancelled": {_USUAL: {**_SUBSCRIPTION, "ended_at": at.isoformat()}},
    }


def _of_staff(at: datetime, price: Mapping[str, Any]) -> dict[str, Cases]:
    since, reason = _in(at, -3), reason_for_customer("insufficient_funds")
    more = {"told": 5, "since_at": at.replace(minute=0, second=0, microsecond=0).isoformat()}
    job = {"job": "document.render", "job_number": 4711, "attempts": 8}
    host = {"host": "shop.example.com", "failing_since_at": since}
    return {
        "staff_invitation": {_USUAL: {"role": "support"}},
        "staff_failed_charge": {_USUAL: {**_SUBSCRIPTION, **price, "failed_at": at.isoformat(), "reason": reason}},
        "staff_self_cancellation": {_USUAL: {**_SUBSCRIPTION, **price, "ended_at": at.isoformat()}},
        "staff_failed_job": {
            "With its last error": {**job, "error": "TimeoutError: no answer within 10 s"},
            "Without": job,
        },
        "staff_broken_fact": {
            _USUAL: {
                "says": "A paid charge has exactly one invoice; one that moved no money has none.",
                "tells": "the charge is succeeded and has 0 invoices",
                "breaches": 1,
            }
        },
        "staff_checkpoint": {
            _USUAL: {
                "number": 7,
                "rows": 4321,
                "sealed_at": at.isoformat(),
                "published": '{"type":"checkpoint","statement":"…","key":"ab12","signature":"cd34"}',
            }
        },
        "staff_failed_document": {
            _USUAL: {"invoice_number": "INV-000512", "attempts": 4, "error": "exit 124: no output"},
        },
        "staff_more": {
            "Failed charges": {**more, "notice": "failed_charge"},
            "Cancellations": {**more, "notice": "self_cancellation"},
            "Broken facts": {**more, "notice": "broken_fact"},
            "Jobs given up": {**more, "notice": "failed_job"},
        },
        "webhook_disabled": {
            "Three days of failures": {**host, "gone": False, "description": "Unlocks accounts"},
            "The host wants no more": {**host, "gone": True},
        },
    }
