"""What a customer sees of their things: the shapes that pages and the JSON API show. No rules, no SQL.

Money is in minor units beside its ISO currency; instants are UTC.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from workflows.engine.actor import Actor


class Marketplace(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's tenant, as its row is."""

    id: UUID
    slug: str
    name: str
    address: str
    support_email: str | None
    country: str
    time_zone: str
    currency: str
    language: str  # of those in workflows/languages, for customers who asked for none
    invoice_prefix: str
    tax_id: str | None
    tax_basis_points: int | None
    reverse_charge: bool
    tax_note: str
    sandbox: bool
    gateway: str
    clock_offset_seconds: float
    logo_digest: str | None
    accent_color: str | None
    email_button: bool
    self_cancellation: bool
    show_address: bool
    show_support_email: bool
    social_links: list[str]
    link_lifetime_minutes: int


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with a live session."""

    session_id: UUID
    marketplace_id: UUID
    customer_id: UUID
    email: str
    name: str
    locale: str | None = None  # the customer's own setting
    expires_at: datetime
    form_token: str  # bound to the session; every form carries it back

    @property
    def actor(self) -> Actor:
        """The customer, as the log names them."""
        return Actor("customer", self.customer_id)


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """One of a person's live sessions, for "where am I signed in"."""

    id: UUID
    started_at: datetime
    expires_at: datetime
    user_agent: str
    current: bool


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


PaymentSort = Literal["date", "price", "order", "status"]
Direction = Literal["asc", "desc"]


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the payment history. `invoice_number`: the invoice that counts; None: none was ever made for it.

    `credit_notes`: the numbers of those that took it or its forerunners back, the first first.
    """

    id: UUID
    paid_at: datetime
    amount_minor: int
    refunded_minor: int
    currency: str
    order_number: int
    status: Literal["paid", "refunded", "partially refunded", "disputed"]
    product: str
    invoice_number: str | None
    invoice_ready: bool  # its PDF is rendered
    credit_notes: list[str]


class PaymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of it. `after` leads to the next page, `before` to the previous one; None where there is none."""

    payments: list[Payment]
    sort: PaymentSort
    order: Direction
    after: str | None
    before: str | None


class InvoiceFile(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice's PDF; `pdf` None while it is being prepared, `failed` when preparing it was given up."""

    number: str
    pdf: bytes | None
    failed: bool


class LinkShown(msgspec.Struct, frozen=True, kw_only=True):
    """A usable one-time link, opened and not spent. `same_browser`: opened where it was asked for."""

    token_id: UUID
    masked_email: str  # "j•••@example.com"
    locale: str | None = None  # the customer's own setting
    expires_at: datetime
    same_browser: bool


class CardLinkShown(msgspec.Struct, frozen=True, kw_only=True):
    """A usable card-update link: the one subscription that it is for."""

    token_id: UUID
    subscription_id: UUID
    subscription_number: int
    product: str
    masked_email: str
    locale: str | None = None
    card: CardShown | None
    owed_minor: int | None  # charged at once when a card is saved; None when nothing is owed
    currency: str
    expires_at: datetime


class CardReplaced(msgspec.Struct, frozen=True, kw_only=True):
    """A saved card, and whether what was owed is being charged to it now."""

    subscription_number: int
    card: CardShown
    charging_now: bool


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What the merchant ticked for Contact Us; None or empty for what it did not."""

    name: str
    address: str | None
    support_email: str | None
    social_links: list[str]
