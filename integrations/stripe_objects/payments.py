"""Payments: attempts, card forms, refunds, disputes."""

from typing import Literal

import msgspec

from integrations.stripe_objects.cards import PaymentMethod


class PaymentError(msgspec.Struct, frozen=True):
    """Why a payment failed; as `last_payment_error`, and in the body of a 402."""

    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    payment_method: PaymentMethod | None = None


class Charge(msgspec.Struct, frozen=True):
    """One attempt to take money, and what was given back of it. `status`: succeeded, pending or failed."""

    id: str
    object: Literal["charge"]
    created: int
    amount: int
    amount_refunded: int
    currency: str
    status: str
    amount_captured: int | None = None
    captured: bool = True
    disputed: bool = False
    customer: str | None = None
    payment_intent: str | None = None
    failure_code: str | None = None
    metadata: dict[str, str] = {}


class RedirectToUrl(msgspec.Struct, frozen=True):
    """A page of the customer's bank."""

    url: str


class NextAction(msgspec.Struct, frozen=True):
    """What the customer has to do."""

    redirect_to_url: RedirectToUrl | None = None


class PaymentIntent(msgspec.Struct, frozen=True):
    """One attempt. `latest_charge` is an object where the call expanded it, else its id."""

    id: str
    object: Literal["payment_intent"]
    amount: int
    currency: str
    status: str
    created: int
    amount_received: int = 0
    metadata: dict[str, str] = {}
    payment_method: str | None = None
    last_payment_error: PaymentError | None = None
    next_action: NextAction | None = None
    latest_charge: Charge | str | None = None


class CardProblem(PaymentError, frozen=True):
    """The `error` of a 402."""

    type: str = ""
    payment_intent: PaymentIntent | None = None


class SetupIntent(msgspec.Struct, frozen=True):
    """What a Checkout Session in setup mode makes."""

    id: str
    object: Literal["setup_intent"]
    status: str
    payment_method: PaymentMethod | str | None = None


class CheckoutSession(msgspec.Struct, frozen=True):
    """A card form. `url` is None once it is closed."""

    id: str
    object: Literal["checkout.session"]
    mode: str
    status: str | None
    url: str | None = None
    customer: str | None = None
    setup_intent: SetupIntent | str | None = None
    metadata: dict[str, str] = {}


class Refund(msgspec.Struct, frozen=True):
    """Money on its way back."""

    id: str
    object: Literal["refund"]
    amount: int
    currency: str
    status: str | None
    payment_intent: str | None = None
    metadata: dict[str, str] = {}


class Dispute(msgspec.Struct, frozen=True):
    """A chargeback, or (status `warning_…`) a bank's inquiry that moves no money yet.

    The money is taken back unless it is `won`.
    """

    id: str
    object: Literal["dispute"]
    amount: int
    currency: str
    status: str
    reason: str
    payment_intent: str | None = None
