"""Customers, and where their invoices go."""

from typing import Any, Literal

import msgspec

from integrations.stripe_objects.cards import PaymentMethod, PaymentSource


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
    """A customer. Of a deleted one there is nothing but the id. `balance` below zero is a credit."""

    id: str
    object: Literal["customer"]
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
