"""Prices and what is charged by them again and again."""

from typing import Any

import msgspec

from integrations.stripe_objects.cards import PaymentMethod, PaymentSource
from integrations.stripe_objects.customers import Customer
from integrations.stripe_objects.invoices import Invoice


class Product(msgspec.Struct, frozen=True):
    """What a price is for."""

    id: str
    name: str | None = None
    deleted: bool = False


class Recurring(msgspec.Struct, frozen=True):
    """How often a price is charged."""

    interval: str
    interval_count: int
    usage_type: str = "licensed"
    trial_period_days: int | None = None


class CustomUnitAmount(msgspec.Struct, frozen=True):
    """What a customer may choose to pay."""

    minimum: int | None = None


class Price(msgspec.Struct, frozen=True):
    """`unit_amount` is None for one with fractions of a cent, in tiers, or that the customer chooses."""

    id: str
    currency: str
    product: Product | str
    unit_amount: int | None = None
    billing_scheme: str = "per_unit"
    custom_unit_amount: CustomUnitAmount | None = None
    recurring: Recurring | None = None
    transform_quantity: dict[str, Any] | None = None
    tax_behavior: str | None = None
    nickname: str | None = None


class TaxRate(msgspec.Struct, frozen=True):
    """`inclusive`: within the price, not on top of it."""

    inclusive: bool


class SubscriptionItem(msgspec.Struct, frozen=True):
    """A price that a subscription charges. Since 2025 the period stands here, not in the subscription."""

    price: Price
    current_period_start: int
    current_period_end: int
    quantity: int | None = None
    discounts: list[Any] | None = None
    tax_rates: list[TaxRate] | None = None


class SubscriptionItems(msgspec.Struct, frozen=True):
    """A subscription's prices."""

    data: list[SubscriptionItem]
    has_more: bool = False


class PauseCollection(msgspec.Struct, frozen=True):
    """Invoices go on, and are not collected."""

    behavior: str
    resumes_at: int | None = None


class AutomaticTax(msgspec.Struct, frozen=True):
    """Taxes that Stripe computes."""

    enabled: bool = False


class Subscription(msgspec.Struct, frozen=True):
    """What is charged again and again."""

    id: str
    status: str
    currency: str
    customer: Customer | str
    items: SubscriptionItems
    start_date: int
    billing_cycle_anchor: int
    collection_method: str = "charge_automatically"
    metadata: dict[str, str] = {}
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    trial_end: int | None = None
    default_payment_method: PaymentMethod | str | None = None
    default_source: PaymentSource | str | None = None
    latest_invoice: Invoice | str | None = None
    pause_collection: PauseCollection | None = None
    schedule: Any = None
    discounts: list[Any] | None = None
    default_tax_rates: list[TaxRate] | None = None
    automatic_tax: AutomaticTax = AutomaticTax()
    application_fee_percent: float | None = None
    transfer_data: dict[str, Any] | None = None
    on_behalf_of: Any = None
