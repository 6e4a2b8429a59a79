"""What an invoice or a credit note says, for ever: the shape of `invoice.snapshot`.

Taken from the rows of the day by the SQL in snapshot_sql.py, or, for credit notes and the invoices after them,
from the snapshot of the invoice that they follow (credit_notes.py).

Version 1 knew neither tax nor credit notes; what came later has defaults here, and says version 2. A later version adds
fields with defaults, or gets a number and a reader of its own; stored ones are never rewritten.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

Kind = Literal["invoice", "credit_note"]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Seller or buyer. `address` has line feeds, `country` is ISO 3166-1 or None."""

    name: str
    address: str
    country: str | None
    tax_id: str | None
    email: str | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing sold. `unit_minor` None: the total cannot be divided evenly among the quantity.

    `net_…` are the same without tax, None where nothing is said about tax; a net unit price is rounded.
    """

    description: str
    quantity: int
    unit_minor: int | None
    total_minor: int
    net_unit_minor: int | None = None
    net_minor: int | None = None


class PaidBy(msgspec.Struct, frozen=True, kw_only=True):
    """The card that paid."""

    brand: str
    last_four: str


class Tax(msgspec.Struct, frozen=True, kw_only=True):
    """The tax in the total. `basis_points` is the rate of what was sold; `reverse_charge`: the buyer owes it instead,
    `tax_minor` is 0 then and `net_minor` the whole total."""

    basis_points: int
    reverse_charge: bool
    net_minor: int
    tax_minor: int


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """The invoice that a credit note takes back, or that a new invoice stands for."""

    number: str
    issued_at: datetime


class InvoiceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the document shows. Amounts are minor units of `currency`, also what a credit note takes back:
    its total is positive. Instants are aware; `issued_at` and `supplied_at` None (version 1): when it was paid.

    `tax` None: nothing is said about tax. `earlier`: with `because` a credit note's invoice, and why it is taken back;
    else a new invoice's forerunner. `refunded_minor`: what was given back before such a new invoice, and is not in it.
    """

    version: Literal[1, 2]
    kind: Kind
    number: str
    order_number: int
    subscription_number: int | None
    currency: str
    total_minor: int
    paid_at: datetime
    lines: list[Line]
    seller: Party
    buyer: Party
    payment: PaidBy | None
    logo_digest: str | None
    locale: str | None  # the customer's own setting
    language: str | None = None  # the marketplace's, for customers without a setting; None: from before languages
    time_zone: str
    issued_at: datetime | None = None
    supplied_at: datetime | None = None
    tax: Tax | None = None
    tax_note: str = ""
    earlier: Earlier | None = None
    because: Literal["refund", "correction"] | None = None
    refunded_minor: int = 0

    @property
    def dated(self) -> datetime:
        """The date of issue."""
        return self.issued_at or self.paid_at


def read_snapshot(stored: Any) -> InvoiceSnapshot:
    """A snapshot from its JSON. Raises msgspec.ValidationError for one that this version cannot read."""
    return msgspec.convert(stored, InvoiceSnapshot)
