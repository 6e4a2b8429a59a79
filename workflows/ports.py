"""What the workflows ask of the world outside. integrations/ answers; api/app.py, tasks/worker.py and cli/ choose who.

Nothing here is called inside a database transaction.
"""

from typing import Literal, Protocol
from uuid import UUID

import msgspec

from workflows.errors import WorkflowError


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card as the gateway keeps it: `reference` charges it, `fingerprint` tells the same card from another."""

    reference: str
    fingerprint: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int


class CardDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed into the sandbox's card form. Lives as long as the request; stored and logged nowhere."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str = ""


class ChargeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to take money; the same `idempotency_key` always means the same attempt."""

    idempotency_key: str
    card_reference: str
    amount_minor: int
    currency: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an attempt. `decline_code` is the gateway's own, set when it failed or wants the customer."""

    state: Literal["succeeded", "failed", "action_required"]
    gateway_reference: str
    decline_code: str | None = None


class CardDeclined(WorkflowError):
    """Raised when the gateway refuses to take a card at all. `decline_code` as the gateway gave it."""

    code = "card_declined"

    def __init__(self, decline_code: str) -> None:
        super().__init__(decline_code)
        self.decline_code = decline_code


class InDoubt(WorkflowError):
    """Raised when a vendor may or may not have done what was asked (time-out, broken answer): ask before retrying."""

    code = "in_doubt"


class RefundRefused(WorkflowError):
    """Raised when the gateway gives no money back: more than is left of the payment, or no such payment."""

    code = "refund_refused"


class Gateway(Protocol):
    """A payment gateway. Amounts are minor units of the currency."""

    async def take_card(self, details: CardDetails) -> Card:
        """Keeps a card for later charges. Raises CardDeclined, InDoubt."""
        ...

    async def charge(self, request: ChargeRequest) -> Outcome:
        """Takes money once per idempotency key. Raises InDoubt."""
        ...

    async def find_charge(self, idempotency_key: str) -> Outcome | None:
        """What became of an attempt; None when the gateway never heard of it. Raises InDoubt."""
        ...

    async def refund(self, gateway_reference: str, amount_minor: int, idempotency_key: str) -> None:
        """Gives money back once per idempotency key. Raises RefundRefused, InDoubt."""
        ...


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail ready to leave. `id` is what the provider is told to know it by, the same at every try."""

    id: UUID
    sender_name: str
    recipient: str
    reply_to: str | None
    subject: str
    html: str
    text: str
    template: str


class MessageRefused(WorkflowError):
    """Raised when a provider will never take this message (no such mailbox, malformed address)."""

    code = "message_refused"


class Mailer(Protocol):
    """An e-mail provider."""

    async def send(self, message: Message) -> str:
        """Hands a message over; answers with the provider's reference. Raises MessageRefused, InDoubt."""
        ...

    async def find(self, message_id: UUID) -> str | None:
        """The provider's reference of a message that it has, None when it has not or cannot tell. Raises InDoubt."""
        ...


class RenderFailed(WorkflowError):
    """Raised when HTML did not become a PDF: a resource it may not have, a time-out, a crash."""

    code = "render_failed"


class PdfRenderer(Protocol):
    """Makes a PDF of a self-contained HTML page."""

    async def render(self, html: str) -> bytes:
        """The PDF's bytes, pages numbered. Raises RenderFailed."""
        ...


class RateLimiter(Protocol):
    """Counts what must not happen too often."""

    async def hit(self, limit: str, amount: int, per_seconds: int, who: str) -> int:
        """Counts one; answers 0 when it is within `amount` per `per_seconds`, else the seconds to wait."""
        ...
