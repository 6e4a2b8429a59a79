"""What Stripe answers and sends, as far as we read it. Whatever does not fit one of these is not believed.

Field names are Stripe's (https://docs.stripe.com/api); fields that we do not read are left out, and so are secrets: no
client secret ever becomes a value in Gatehouse.
"""

from typing import Generic, Literal, TypeVar

import msgspec

T = TypeVar("T")


class StripeCard(msgspec.Struct, frozen=True):
    """The card in a PaymentMethod."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True):
    """`customer` is None for one that is detached, or was never attached: it cannot be charged."""

    id: str
    object: Literal["payment_method"]
    customer: str | None = None
    card: StripeCard | None = None


class PaymentError(msgspec.Struct, frozen=True):
    """Why a payment failed; as `last_payment_error`, and in the body of a 402."""

    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    payment_method: PaymentMethod | None = None


class Charge(msgspec.Struct, frozen=True):
    """The money that moved for a PaymentIntent."""

    id: str
    object: Literal["charge"]
    amount: int
    amount_refunded: int
    currency: str
    payment_intent: str | None = None
    disputed: bool = False


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


class Customer(msgspec.Struct, frozen=True):
    """Whom cards are kept for."""

    id: str
    object: Literal["customer"]


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
    """A chargeback, or (status `warning_…`) a bank's inquiry that moves no money yet."""

    id: str
    object: Literal["dispute"]
    amount: int
    currency: str
    status: str
    reason: str
    payment_intent: str | None = None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list or of a search."""

    data: list[T]
    has_more: bool
