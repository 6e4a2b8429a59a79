"""What billing asks of a payment gateway. integrations/gateways/ has the implementations.

Methods are never called inside a database transaction.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from workflows.runtime.errors import InDoubt, WorkflowError


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card as the gateway keeps it: `reference` charges it, `fingerprint` tells the same card from another."""

    reference: str
    fingerprint: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    customer_reference: str | None = None  # whom the gateway keeps it for, where gateways know customers


class CardDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed into the sandbox's card form. Lives as long as the request; stored and logged nowhere."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str = ""


class ChargeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to take money; the same `idempotency_key` always means the same attempt.

    `customer_reference` is `Card.customer_reference`, as far as known: a gateway that needs it looks it up where it is
    None, and where the card turns out to be kept for another one.
    """

    idempotency_key: str
    card_reference: str
    amount_minor: int
    currency: str
    customer_reference: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt. `decline_code` is the gateway's own, set when it failed or wants the customer.

    `advice_code` is the bank's advice about trying again where it gave one (`do_not_try_again`, `try_again_later`,
    `confirm_card_data`): believe it before `decline_code`. `amount_minor` and `currency` are what the gateway says
    it was about; compare them with your own where the gateway could not (find_charge, events). `disputed`: it has
    succeeded, and the customer's bank has taken the money back already.
    """

    state: Literal["succeeded", "failed", "action_required"]
    gateway_reference: str
    decline_code: str | None = None
    advice_code: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    disputed: bool = False


class CardSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A card form at the gateway's own site: send the customer to `url`, ask for the card by `reference`."""

    url: str
    reference: str
    customer_reference: str


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the customer confirms a payment. `url` is None when nothing is left to confirm; `outcome` says what is."""

    url: str | None
    outcome: Outcome


class GatewayPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as the gateway's books have it. `idempotency_key` is None for one that Gatehouse did not make."""

    reference: str
    idempotency_key: str | None
    amount_minor: int
    refunded_minor: int
    currency: str
    state: Literal["succeeded", "failed", "action_required", "pending"]
    created_at: datetime
    disputed: bool = False


class CardDeclined(WorkflowError):
    """Raised when the gateway refuses to take a card at all. `decline_code` as the gateway gave it."""

    code = "card_declined"

    def __init__(self, decline_code: str) -> None:
        super().__init__(decline_code)
        self.decline_code = decline_code


class GatewayBusy(InDoubt):
    """Raised when the gateway asks to come back later (its rate limit). Treat it as doubt: an earlier try of the same
    call, unheard, may have got through. `retry_after` is in seconds, None where it did not say."""

    code = "gateway_busy"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefundRefused(WorkflowError):
    """Raised when the gateway gives no money back: more than is left of the payment, or no such payment."""

    code = "refund_refused"


class Gateway(Protocol):
    """A payment gateway. Amounts are minor units of the currency. Every method may raise InDoubt."""

    @property
    def hosted_form(self) -> bool:
        """Whether cards are typed at the gateway's own site (`start_card_setup`), not into ours (`take_card`)."""
        ...

    async def take_card(self, details: CardDetails) -> Card:
        """Keeps a card for later charges. Raises CardDeclined, InvalidInput (always, where the form is hosted)."""
        ...

    async def create_customer(self, *, email: str, name: str, idempotency_key: str) -> str:
        """Makes the gateway know a customer, once per key within a day; answers with its reference for them."""
        ...

    async def start_card_setup(
        self,
        *,
        customer_reference: str | None,
        email: str,
        return_url: str,
        cancel_url: str,
        metadata: Mapping[str, str],
    ) -> CardSetup:
        """Opens a card form for a customer (made first where the reference is None). It is open for an hour: make it on
        the click. `metadata` comes back with CardSaved. Coming back to `return_url` proves nothing: only CardSaved and
        `read_card_setup` do. Raises InvalidInput where the gateway has no form of its own."""
        ...

    async def read_card_setup(self, reference: str) -> Card | None:
        """The card that was saved through a card form; None while none was."""
        ...

    async def look_up_card(self, reference: str) -> Card | None:
        """A card that the gateway keeps already (an order's, an import's); None when it cannot be charged."""
        ...

    async def charge(self, request: ChargeRequest) -> Outcome:
        """Takes money once per idempotency key."""
        ...

    async def find_charge(
        self,
        idempotency_key: str,
        *,
        customer_reference: str | None = None,
        submitted_at: datetime | None = None,
    ) -> Outcome | None:
        """What became of an attempt. None: the gateway knows nothing of it, and `charge` with the same key is safe.

        With both `customer_reference` and `submitted_at` (when it was first sent) the answer is as fresh as the
        gateway's books: None, some minutes after sending, means that it never arrived. Without them it may lag.
        """
        ...

    async def start_confirmation(self, gateway_reference: str, return_url: str) -> Confirmation:
        """Where the customer confirms an `action_required` payment, which then comes back to `return_url`. Make it on
        the click. Whether money moved is for ChargeSettled or the `outcome` to say, never for the way back."""
        ...

    async def withdraw(self, gateway_reference: str) -> Outcome:
        """Makes sure that an `action_required` payment can no longer be confirmed. The outcome is `succeeded` when the
        customer was faster, else `failed`."""
        ...

    async def refund(self, gateway_reference: str, amount_minor: int, idempotency_key: str) -> None:
        """Gives money back once per idempotency key. Raises RefundRefused."""
        ...

    def payments_between(self, since: datetime, until: datetime) -> AsyncIterator[GatewayPayment]:
        """Every attempt made from `since` until before `until`, page by page, for comparing the books."""
        ...
