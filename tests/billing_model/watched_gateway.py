"""The sandbox gateway, watched: it can fail around one call as a network or a dying process would, keeps every webhook
that a real gateway would have sent, and refuses to be called for a subscription that was cancelled before."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from enum import Enum
from itertools import count

from integrations.gateways.sandbox import SandboxGateway
from models.database import fetch_row, fetch_value
from workflows.billing.gateway import Card, CardDetails, CardSetup, ChargeRequest, Confirmation, GatewayPayment, Outcome
from workflows.billing.gateway_events.events import ChargeSettled, GatewayEvent, RefundMade
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt


class Crashed(Exception):
    """This process died here: nobody catches it, nothing after it is done."""


class Fate(Enum):
    """What the next call that moves money meets."""

    NONE = "it is answered"
    UNHEARD = "it never arrives, and nobody says so"
    UNANSWERED = "it is done, and nobody says so"
    DIES_BEFORE = "the process dies before it is sent"
    DIES_AFTER = "the process dies before the answer is written down"


class ChargedAfterCancellation(AssertionError):
    """Raised when a charge is put to the gateway whose subscription had been cancelled."""


_BEFORE: dict[Fate, type[Exception]] = {Fate.UNHEARD: InDoubt, Fate.DIES_BEFORE: Crashed}
_AFTER: dict[Fate, type[Exception]] = {Fate.UNANSWERED: InDoubt, Fate.DIES_AFTER: Crashed}


class WatchedGateway:
    """Gateway. `fate` is met once; `events` are the facts in the order in which they became
    true.
    """

    hosted_form = False

    def __init__(self) -> None:
        self._sandbox = SandboxGateway()
        self._numbers = count(1)
        self.fate = Fate.NONE
        self.events: list[GatewayEvent] = []

    async def comes_too_late(self, idempotency_key: str) -> bool:
        """Whether that charge's subscription was cancelled, where one act ends before the next begins."""
        return await fetch_value(
            "SELECT EXISTS (SELECT FROM charge JOIN subscription ON"
            " subscription.marketplace_id = charge.marketplace_id AND subscription.id = charge.subscription_id"
            " WHERE charge.idempotency_key = $1 AND subscription.state = 'cancelled')",
            idempotency_key,
        )

    async def charge(self, request: ChargeRequest) -> Outcome:
        if await self.comes_too_late(request.idempotency_key):
            raise ChargedAfterCancellation(f"the subscription of {request.idempotency_key} was cancelled before")
        self._fail(_BEFORE)
        try:
            outcome = await self._sandbox.charge(request)
        finally:
            await self._tell_of_key(request.idempotency_key)
        self._fail(_AFTER)
        return outcome

    async def start_confirmation(self, gateway_reference: str, return_url: str) -> Confirmation:
        self._fail(_BEFORE)
        confirmation = await self._sandbox.start_confirmation(gateway_reference, return_url)
        await self._tell_of_reference(gateway_reference)
        self._fail(_AFTER)
        return confirmation

    async def withdraw(self, gateway_reference: str) -> Outcome:
        self._fail(_BEFORE)
        outcome = await self._sandbox.withdraw(gateway_reference)
        await self._tell_of_reference(gateway_reference)
        self._fail(_AFTER)
        return outcome

    async def refund(self, gateway_reference: str, amount_minor: int, idempotency_key: str) -> None:
        self._fail(_BEFORE)
        await self._sandbox.refund(gateway_reference, amount_minor, idempotency_key)
        await self.tell_of_refund(gateway_reference)
        self._fail(_AFTER)

    async def take_card(self, details: CardDetails) -> Card:
        return await self._sandbox.take_card(details)

    async def look_up_card(self, reference: str) -> Card | None:
        return await self._sandbox.look_up_card(reference)

    async def find_charge(
        self,
        idempotency_key: str,
        *,
        customer_reference: str | None = None,
        submitted_at: datetime | None = None,
    ) -> Outcome | None:
        _ = customer_reference, submitted_at
        return await self._sandbox.find_charge(idempotency_key)

    def payments_between(self, since: datetime, until: datetime) -> AsyncIterator[GatewayPayment]:
        return self._sandbox.payments_between(since, until)

    async def create_customer(self, *, email: str, name: str, idempotency_key: str) -> str:
        return await self._sandbox.create_customer(email=email, name=name, idempotency_key=idempotency_key)

    async def start_card_setup(
        self,
        *,
        customer_reference: str | None,
        email: str,
        return_url: str,
        cancel_url: str,
        metadata: Mapping[str, str],
    ) -> CardSetup:
        raise NotImplementedError("the sandbox has no card form of its own")

    async def read_card_setup(self, reference: str) -> Card | None:
        return await self._sandbox.read_card_setup(reference)

    async def refund_elsewhere(self, gateway_reference: str, amount_minor: int) -> None:
        """Somebody gives money back in the gateway's own dashboard. Raises RefundRefused."""
        await self._sandbox.refund(gateway_reference, amount_minor, f"elsewhere-{gateway_reference}-{amount_minor}")
        await self.tell_of_refund(gateway_reference)

    def tell(self, event: GatewayEvent) -> None:
        self.events.append(event)

    def next_id(self) -> str:
        return f"evt_{id(self)}_{next(self._numbers)}"

    async def tell_of_refund(self, gateway_reference: str) -> None:
        row = await fetch_row("SELECT * FROM sandbox_payment WHERE reference = $1", gateway_reference)
        assert row is not None
        self.tell(
            RefundMade(
                event_id=self.next_id(),
                type="charge.refunded",
                created_at=now(),
                gateway_reference=gateway_reference,
                refunded_minor=row["refunded_minor"],
                currency=row["currency"],
            )
        )

    async def _tell_of_reference(self, gateway_reference: str) -> None:
        key = await fetch_row("SELECT idempotency_key FROM sandbox_payment WHERE reference = $1", gateway_reference)
        assert key is not None
        await self._tell_of_key(key["idempotency_key"])

    async def _tell_of_key(self, idempotency_key: str) -> None:
        outcome = await self._sandbox.find_charge(idempotency_key)
        if outcome is None:
            return
        self.tell(
            ChargeSettled(
                event_id=self.next_id(),
                type="payment_intent",
                created_at=now(),
                gateway_reference=outcome.gateway_reference,
                idempotency_key=idempotency_key,
                outcome=outcome,
            )
        )

    def _fail(self, moment: Mapping[Fate, type[Exception]]) -> None:
        failure = moment.get(self.fate)
        if failure is not None:
            fate, self.fate = self.fate, Fate.NONE
            raise failure(fate.value)
