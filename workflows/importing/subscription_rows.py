"""A subscription's row of text: its columns, and which of them belong to which state. No SQL here."""

from datetime import datetime

import msgspec

from workflows.billing.products import LONGEST_INTERVAL, MOST_PAYMENTS
from workflows.importing.fields import Fields
from workflows.importing.products import UNITS
from workflows.machines import SUBSCRIPTION

REQUIRED = ("reference", "order", "state", "amount", "currency", "payments_made", "started_at")

_CARD = ("card_reference", "card_brand", "card_last_four", "card_exp_month", "card_exp_year")
OPTIONAL = (
    *("interval_unit", "interval_count", "payments_total", "trial_ends_at", "anchor_at", "next_charge_at"),
    *("cancel_at", "ended_at", "failed_at", "attempts_made", "decline_code"),
    *(*_CARD, "card_fingerprint"),
)


class CardColumns(msgspec.Struct, frozen=True, kw_only=True):
    """A card as the gateway keeps it. Without a fingerprint its reference stands for it."""

    reference: str
    fingerprint: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int


class SubscriptionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription; `order` is the reference of the order that started it. Empty terms are the product's."""

    reference: str
    order: str
    state: str
    amount_minor: int
    currency: str
    interval_unit: str | None
    interval_count: int | None
    payments_total: int | None
    payments_made: int
    started_at: datetime
    trial_ends_at: datetime | None
    anchor_at: datetime
    next_charge_at: datetime | None
    cancel_at: datetime | None
    ended_at: datetime | None
    failed_at: datetime | None
    attempts_made: int
    decline_code: str | None
    card: CardColumns | None


def read(fields: Fields) -> SubscriptionRow:
    """Reads a row; notes what is wrong in `fields.problems`."""
    state = fields.choice("state", SUBSCRIPTION.states)
    currency = fields.currency()
    started_at = fields.moment("started_at")
    trial_ends_at = fields.instant("trial_ends_at", required=False, past=False)
    if state:
        _check_dates(fields, state)
    return SubscriptionRow(
        reference=fields.reference(),
        order=fields.reference("order"),
        state=state,
        amount_minor=fields.amount("amount", currency),
        currency=currency,
        interval_unit=fields.choice("interval_unit", UNITS, required=False) or None,
        interval_count=fields.integer("interval_count", 1, LONGEST_INTERVAL) or None,
        payments_total=fields.integer("payments_total", 1, MOST_PAYMENTS) or None,
        payments_made=fields.integer("payments_made", 0, 100_000, required=True),
        started_at=started_at,
        trial_ends_at=trial_ends_at,
        anchor_at=fields.instant("anchor_at", required=False, past=False) or trial_ends_at or started_at,
        next_charge_at=fields.instant("next_charge_at", required=False, past=False),
        cancel_at=fields.instant("cancel_at", required=False, past=False),
        ended_at=fields.instant("ended_at", required=False),
        failed_at=fields.instant("failed_at", required=False),
        attempts_made=fields.integer("attempts_made", 1, 100, default=1),
        decline_code=fields.optional("decline_code", 80),
        card=_card(fields) if any(fields.has(column) for column in _CARD) else None,
    )


def _check_dates(fields: Fields, state: str) -> None:
    """Each date belongs to some states: there it is required, elsewhere it means a mistake."""
    # fmt: off
    for column, states, needed in (
        ("next_charge_at", ("active",),                 not fields.has("cancel_at")),
        ("failed_at",      ("failed_charge",),          True),
        ("attempts_made",  ("failed_charge",),          False),
        ("decline_code",   ("failed_charge",),          False),
        ("ended_at",       ("completed", "cancelled"),  True),
        ("cancel_at",      ("active", "failed_charge"), False),
    ):
        # fmt: on
        if state in states and needed and not fields.has(column):
            fields.refuse(column, f"is empty, and the state is {state}")
        if state not in states and fields.has(column):
            fields.refuse(column, f"is not for state {state}")


def _card(fields: Fields) -> CardColumns:
    reference = fields.reference("card_reference")
    return CardColumns(
        reference=reference,
        fingerprint=fields.text("card_fingerprint", 200) or reference,
        brand=fields.text("card_brand", 40, required=True),
        last_four=fields.last_four("card_last_four"),
        exp_month=fields.integer("card_exp_month", 1, 12, required=True, default=1),
        exp_year=fields.integer("card_exp_year", 1990, 2200, required=True, default=1990),
    )
