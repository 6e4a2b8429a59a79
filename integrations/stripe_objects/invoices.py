"""Invoices, and which payment is of which."""

import msgspec


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
