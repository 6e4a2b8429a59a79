"""What a customer sees of their things: the shapes that pages and the JSON API show. No rules, no SQL.

Money is in minor units beside its ISO currency; instants are UTC.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class CardShown(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a card."""

    brand: str
    last_four: str
    exp_month: int
    exp_year: int


class FailedCharge(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer must know of a failed charge; `next_attempt_at` None: nothing before a new card comes."""

    failed_at: datetime
    owed_minor: int
    reason: str  # in plain words, e.g. "The card has expired."
    next_attempt_at: datetime | None
    charging_now: bool  # a charge is on its way at this moment: a new card's or a retry's
    confirm: bool = False  # the bank wants the customer to confirm the payment; nothing is tried before that


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription on the customer's page.

    `first_payment`: the next charge is the first, after a trial. `payments_total` None: until cancelled;
    else the next payment is number `payments_made + 1` of `payments_total`.
    """

    id: UUID
    number: int
    product: str
    state: Literal["active", "failed_charge", "completed", "cancelled"]
    amount_minor: int
    currency: str
    interval_unit: Literal["day", "week", "month", "year"]
    interval_count: int
    payments_made: int
    payments_total: int | None
    started_at: datetime
    trial_ends_at: datetime | None
    first_payment: bool
    next_charge_at: datetime | None  # None while a payment is being charged: its outcome sets the next
    charging_now: bool
    cancel_at: datetime | None  # arranged: it ends then, and is not charged from then on
    ended_at: datetime | None
    card: CardShown | None
    failed_charge: FailedCharge | None
    can_cancel: bool  # the marketplace allows it and so does the state
    can_update_card: bool
