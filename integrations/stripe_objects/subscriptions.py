"""Stripe's objects as an import reads them: the fields that it looks at, under Stripe's names.

https://docs.stripe.com/api. A field that may be an id or its object is both here; the call's `expand` says which.
"""

from typing import Any

import msgspec


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


class StripeCard(msgspec.Struct, frozen=True):
    """The card in a PaymentMethod or an old Source."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True):
    """How somebody pays; `card` is None for what is no card."""

    id: str
    type: str
    card: StripeCard | None = None


class PaymentSource(msgspec.Struct, frozen=True):
    """The same, in what came before: a card itself (`object` card), a Source with a card in it, a bank account."""

    id: str
    object: str
    card: StripeCard | None = None
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    fingerprint: str | None = None


class InvoiceSettings(msgspec.Struct, frozen=True):
    """How a customer's invoices are paid."""

    default_payment_method: PaymentMethod | str | None = None


class Address(msgspec.Struct, frozen=True):
    """A postal address."""

    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None


class TaxId(msgspec.Struct, frozen=True):
    """A customer's number at a tax office."""

    value: str


class TaxIds(msgspec.Struct, frozen=True):
    """A customer's tax ids."""

    data: list[TaxId] = []


class Customer(msgspec.Struct, frozen=True):
    """Somebody who buys. Of a deleted one there is nothing but the id. `balance` below zero is a credit."""

    id: str
    deleted: bool = False
    email: str | None = None
    name: str | None = None
    address: Address | None = None
    tax_ids: TaxIds | None = None
    preferred_locales: list[str] | None = None
    balance: int | None = 0
    discount: dict[str, Any] | None = None
    default_source: PaymentSource | str | None = None
    invoice_settings: InvoiceSettings | None = None


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


class Period(msgspec.Struct, frozen=True):
    """What a line of an invoice is for."""

    start: int
    end: int


class ItemDetails(msgspec.Struct, frozen=True):
    """`proration`: a difference, not a period's price."""

    proration: bool = False


class LineParent(msgspec.Struct, frozen=True):
    """Where a line of an invoice comes from."""

    subscription_item_details: ItemDetails | None = None


class InvoiceLine(msgspec.Struct, frozen=True):
    """A line of an invoice."""

    period: Period
    parent: LineParent | None = None


class InvoiceLines(msgspec.Struct, frozen=True):
    """The first lines of an invoice."""

    data: list[InvoiceLine] = []


class SubscriptionDetails(msgspec.Struct, frozen=True):
    """The subscription that an invoice is of."""

    subscription: str


class InvoiceParent(msgspec.Struct, frozen=True):
    """Where an invoice comes from."""

    subscription_details: SubscriptionDetails | None = None


class Invoice(msgspec.Struct, frozen=True):
    """`status`: draft, open, paid, uncollectible or void."""

    id: str
    created: int
    status: str | None = None
    number: str | None = None
    billing_reason: str | None = None
    amount_remaining: int = 0
    attempt_count: int = 0
    parent: InvoiceParent | None = None
    lines: InvoiceLines = InvoiceLines()

    @property
    def period_start(self) -> int | None:
        """When the period begins that it is the regular charge of; None for any other invoice."""
        if self.billing_reason not in ("subscription_create", "subscription_cycle"):
            return None
        regular = [
            line.period.start
            for line in self.lines.data
            if line.parent and line.parent.subscription_item_details
            if not line.parent.subscription_item_details.proration
        ]
        return max(regular, default=None)


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


class Payment(msgspec.Struct, frozen=True):
    """What paid: a PaymentIntent, or, long ago, a charge without one."""

    type: str
    payment_intent: str | None = None
    charge: str | None = None


class InvoicePayment(msgspec.Struct, frozen=True):
    """Which payment is of which invoice."""

    id: str
    invoice: Invoice
    payment: Payment


class Charge(msgspec.Struct, frozen=True):
    """One attempt to take money. `status`: succeeded, pending or failed."""

    id: str
    created: int
    amount: int
    currency: str
    status: str
    amount_captured: int | None = None
    amount_refunded: int = 0
    captured: bool = True
    disputed: bool = False
    customer: str | None = None
    payment_intent: str | None = None
    failure_code: str | None = None
    metadata: dict[str, str] = {}


class Dispute(msgspec.Struct, frozen=True):
    """A charge taken back by the customer's bank, unless it is `won`."""

    id: str
    status: str
