"""A context for every e-mail of the catalogue, as its causes give it. Shared by the tests of e-mails."""

from typing import Any

_SUBSCRIPTION = {"product": "Monthly box", "subscription_number": 12}
_PRICE = {"amount_minor": 1999, "currency": "USD"}
_CARD = {"card_brand": "visa", "card_last_four": "4242"}
_AT = "2026-03-15T09:30:00+00:00"
_NEXT = "2026-04-15T09:30:00+00:00"

# fmt: off
EXAMPLES: dict[str, dict[str, Any]] = {
    "access_link":            {"lifetime_minutes": 60},
    "staff_access_link":      {"lifetime_minutes": 60},
    "staff_invitation":       {"role": "support"},
    "webhook_disabled":       {"host": "shop.example.com", "gone": False, "failing_since_at": _AT,
                               "description": "Unlocks accounts"},
    "staff_failed_charge":    {**_SUBSCRIPTION, **_PRICE, "failed_at": _AT, "reason": "The card has expired."},
    "staff_self_cancellation": {**_SUBSCRIPTION, **_PRICE, "ended_at": _AT},
    "staff_failed_job":       {"job": "charge.submit", "job_number": 7, "attempts": 8, "error": "OSError: refused"},
    "staff_broken_fact":      {"says": "A paid charge has exactly one invoice.", "breaches": 1,
                               "tells": "the charge is succeeded and has 0 invoices"},
    "staff_checkpoint":       {"number": 7, "rows": 4321, "sealed_at": _AT,
                               "published": '{"type":"checkpoint","statement":"…","key":"ab12","signature":"cd34"}'},
    "staff_failed_document":  {"invoice_number": "INV-000007", "attempts": 4, "error": "exit 1: no memory"},
    "staff_more":             {"notice": "failed_charge", "told": 5, "since_at": _AT},
    "card_update_link":       {"lifetime_minutes": 60, **_SUBSCRIPTION},
    "card_updated":           {**_SUBSCRIPTION, **_CARD},
    "subscription_cancelled": {**_SUBSCRIPTION, "ended_at": _AT},
    "order_receipt":          {"product": "Monthly box", "order_number": 7, **_PRICE, **_CARD, "paid_at": _AT,
                               "quantity": 2, "invoice_number": "INV-000007", "subscription_number": 12,
                               "next_charge_at": _NEXT, "interval_unit": "month", "interval_count": 1},
    "renewal_receipt":        {**_SUBSCRIPTION, **_PRICE, **_CARD, "paid_at": _AT, "invoice_number": "INV-000008",
                               "next_charge_at": _NEXT, "payment_number": 2, "payments_total": 6, "order_number": 7},
    "failed_charge":          {**_SUBSCRIPTION, **_PRICE, **_CARD, "failed_at": _AT, "next_attempt_at": _NEXT,
                               "reason": "The card has expired."},
    "final_notice":           {**_SUBSCRIPTION, **_PRICE, **_CARD, "ended": False},
    "trial_ending":           {**_SUBSCRIPTION, **_PRICE, **_CARD, "trial_ends_at": _NEXT, "interval_unit": "month",
                               "interval_count": 1},
    "refund":                 {"product": "Monthly box", "order_number": 7, **_PRICE, **_CARD, "refunded_at": _AT,
                               "paid_minor": 3998},
    "card_expiring":          {**_SUBSCRIPTION, **_CARD, "exp_month": 4, "exp_year": 2026, "next_charge_at": _NEXT},
}
# fmt: on

# Those that are about a link: of the portal, or for the card of one subscription.
ABOUT_A_LINK = {
    "access_link",
    "staff_access_link",
    "card_update_link",
    "failed_charge",
    "final_notice",
    "card_expiring",
}
