"""Cards and what else customers pay with."""

from typing import Literal

import msgspec


class StripeCard(msgspec.Struct, frozen=True):
    """The card in a PaymentMethod or an old Source."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True):
    """How a customer pays; `card` is None for what is no card.

    `customer` is None for one that is detached, or was never attached: it cannot be charged.
    """

    id: str
    object: Literal["payment_method"]
    type: str
    customer: str | None = None
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
