"""The sandbox gateway: takes the published test numbers only, and remembers in two tables what a real one would.

It stands outside the application, so it works through connections of its own, never in the caller's
transaction. A number lives as long as the call: kept are its outcome, last four digits and a keyed hash.
"""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from integrations.gateways import sandbox_payments
from integrations.gateways.sandbox_cards import TEST_CARDS, Meets, TestCard
from integrations.gateways.sandbox_payments import DISPUTED, outcome_of
from models.database import DB, PoolMissing
from workflows.billing.gateway import (
    Card,
    CardDeclined,
    CardDetails,
    CardSetup,
    ChargeRequest,
    Confirmation,
    GatewayPayment,
    Outcome,
    RefundRefused,
)
from workflows.languages.sentences import sentence
from workflows.runtime.errors import InDoubt, InvalidInput
from workflows.runtime.keys import current_key_id, derive

# Refunds share the table of payments: what begins with re_ gave money back.
_PAYMENT, _REFUND = "ch_", "re_"
_NO_TEST_NUMBER = sentence("This is a sandbox: use a published test number, e.g. 4242 4242 4242 4242.")
_STATUS: dict[Meets, str] = {
    "decline": "failed",
    "authentication": "action_required",
    "authentication_then_decline": "action_required",
}


class KeyReused(RuntimeError):
    """Raised when an idempotency key comes back with another card or amount: a mistake of ours, not of a customer."""


class SandboxGateway:
    """Gateway for development, tests, and marketplaces that try things out."""

    hosted_form = False

    async def take_card(self, details: CardDetails) -> Card:
        """Keeps a test card. Raises InvalidInput for any other number, CardDeclined or InDoubt as it means."""
        number = details.number.replace(" ", "").replace("-", "")
        known = TEST_CARDS.get(number)
        if known is None:
            raise InvalidInput({"number": _NO_TEST_NUMBER})
        if known.refused is not None:
            raise CardDeclined(known.refused)
        if known.meets == "timeout_at_saving":
            raise InDoubt("the gateway did not answer in time")
        card = Card(
            reference=f"card_{secrets.token_urlsafe(18)}",
            fingerprint=derive(current_key_id(), "sandbox_card", number.encode()).hex()[:32],
            brand=known.brand,
            last_four=number[-4:],
            exp_month=details.exp_month,
            exp_year=details.exp_year,
        )
        await _keep_card(card, known)
        return card

    async def create_customer(self, *, email: str, name: str, idempotency_key: str) -> str:  # noqa: ARG002 - the port's
        """A reference; the sandbox keeps cards, not customers."""
        return f"customer_{derive(current_key_id(), 'sandbox_customer', idempotency_key.encode()).hex()[:24]}"

    async def start_card_setup(
        self,
        *,
        customer_reference: str | None,
        email: str,
        return_url: str,
        cancel_url: str,
        metadata: Mapping[str, str],
    ) -> CardSetup:
        """Raises InvalidInput: here the test numbers are typed into our own form."""
        _ = customer_reference, email, return_url, cancel_url, metadata
        raise InvalidInput({"card": "The sandbox has no card form of its own: give it a published test number."})

    async def read_card_setup(self, reference: str) -> Card | None:  # noqa: ARG002 - the port's
        """None: there are no card forms here."""
        return None

    async def look_up_card(self, reference: str) -> Card | None:
        """A card taken before."""
        async with _connection() as database:
            row = await database.fetchrow("SELECT * FROM sandbox_card WHERE reference = $1", reference)
        if row is None:
            return None
        names = ("reference", "fingerprint", "brand", "last_four", "exp_month", "exp_year")
        return Card(**{name: row[name] for name in names})

    async def charge(self, request: ChargeRequest) -> Outcome:
        """Takes the money once per key, as the card's number means it. Raises InDoubt where that is its meaning."""
        async with _connection() as database, database.transaction():
            meets, decline_code = await _meaning(database, request.card_reference)
            if meets is None:
                # Removed at the gateway, or never there. Nothing to keep: it will be refused again.
                return Outcome(state="failed", gateway_reference="", decline_code="invalid_account")
            if meets == "timeout_before":
                outcome = await _answer_next_time(database, request.card_reference)
            else:
                outcome = await _pay(database, request, meets, decline_code)
        if outcome is None:  # only now: what was done, was committed
            raise InDoubt("the gateway did not answer in time")
        return outcome

    async def find_charge(
        self,
        idempotency_key: str,
        *,
        customer_reference: str | None = None,  # noqa: ARG002 - the port's
        submitted_at: datetime | None = None,  # noqa: ARG002 - the port's
    ) -> Outcome | None:
        """What became of an attempt, None when it never arrived."""
        async with _connection() as database:
            row = await database.fetchrow(
                "SELECT payment.*, card.outcome FROM sandbox_payment AS payment JOIN sandbox_card AS card"
                " ON card.reference = payment.card_reference"
                " WHERE payment.idempotency_key = $1 AND starts_with(payment.reference, $2)",
                idempotency_key,
                _PAYMENT,
            )
        return None if row is None else outcome_of(row, disputed=row["outcome"].startswith(DISPUTED))

    async def start_confirmation(self, gateway_reference: str, return_url: str) -> Confirmation:  # noqa: ARG002
        """Confirms on the spot, there being no bank to send anybody to. Raises NotFound."""
        async with _connection() as database, database.transaction():
            outcome = await sandbox_payments.confirm(database, gateway_reference)
        return Confirmation(url=None, outcome=outcome)

    async def withdraw(self, gateway_reference: str) -> Outcome:
        """Ends an unconfirmed payment. Raises NotFound."""
        async with _connection() as database, database.transaction():
            return await sandbox_payments.withdraw(database, gateway_reference)

    async def payments_between(self, since: datetime, until: datetime) -> AsyncIterator[GatewayPayment]:
        """Payments made in that time, oldest first."""
        async with _connection() as database:
            async for payment in sandbox_payments.payments_between(database, since, until):
                yield payment

    async def refund(self, gateway_reference: str, amount_minor: int, idempotency_key: str) -> None:
        """Gives money back once per key. Raises RefundRefused for more than was paid, or for no such payment."""
        async with _connection() as database, database.transaction():
            paid = await database.fetchrow(
                "SELECT * FROM sandbox_payment WHERE reference = $1 AND status = 'succeeded' FOR UPDATE",
                gateway_reference,
            )
            if paid is None or not gateway_reference.startswith(_PAYMENT):
                raise RefundRefused("no such payment")
            before = await database.fetchrow(
                "SELECT amount_minor FROM sandbox_payment WHERE idempotency_key = $1", idempotency_key
            )
            if before is not None:
                if before["amount_minor"] != amount_minor:
                    raise KeyReused(idempotency_key)
                return
            if not 0 < amount_minor <= paid["amount_minor"] - paid["refunded_minor"]:
                raise RefundRefused("more than is left of it")
            await _give_back(database, paid, amount_minor, idempotency_key)


@asynccontextmanager
async def _connection() -> AsyncGenerator[Any]:
    """A connection of our own: what the gateway did stays done, whatever becomes of the caller's transaction."""
    if DB.pool is None:
        raise PoolMissing("no connection pool: call models.database.open_pool first")
    async with DB.pool.acquire() as database:
        yield database


async def _keep_card(card: Card, known: TestCard) -> None:
    async with _connection() as database:
        await database.execute(
            "INSERT INTO sandbox_card (reference, outcome, fingerprint, brand, last_four, exp_month, exp_year)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            card.reference,
            f"{known.meets}:{known.decline_code or ''}",
            card.fingerprint,
            card.brand,
            card.last_four,
            card.exp_month,
            card.exp_year,
        )


async def _meaning(database: Any, card_reference: str) -> tuple[Meets | None, str | None]:
    # Locked, so that two first charges of a card that times out are one first and one second.
    outcome = await database.fetchval(
        "SELECT outcome FROM sandbox_card WHERE reference = $1 FOR UPDATE", card_reference
    )
    if outcome is None:
        return None, None
    meets, _, decline_code = outcome.partition(":")
    return meets, decline_code or None


async def _answer_next_time(database: Any, card_reference: str) -> None:
    """No money, no answer; the card pays from the next charge on."""
    await database.execute("UPDATE sandbox_card SET outcome = 'success:' WHERE reference = $1", card_reference)


async def _pay(database: Any, request: ChargeRequest, meets: Meets, decline_code: str | None) -> Outcome | None:
    """What this key's attempt came to, now or at its first time; None when that answer is lost."""
    row = await database.fetchrow(
        "INSERT INTO sandbox_payment (idempotency_key, reference, card_reference, amount_minor, currency, status,"
        " decline_code) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING RETURNING *",
        request.idempotency_key,
        _PAYMENT + secrets.token_urlsafe(18),
        request.card_reference,
        request.amount_minor,
        request.currency,
        _STATUS.get(meets, "succeeded"),
        decline_code,
    )
    if row is not None:
        return None if meets == "timeout_after" else outcome_of(row, disputed=meets == "dispute")
    before = await database.fetchrow(
        "SELECT * FROM sandbox_payment WHERE idempotency_key = $1", request.idempotency_key
    )
    asked = (request.card_reference, request.amount_minor, request.currency)
    if asked != (before["card_reference"], before["amount_minor"], before["currency"]):
        raise KeyReused(request.idempotency_key)
    return outcome_of(before, disputed=meets == "dispute")


async def _give_back(database: Any, paid: Any, amount_minor: int, idempotency_key: str) -> None:
    await database.execute(
        "INSERT INTO sandbox_payment (idempotency_key, reference, card_reference, amount_minor, currency, status)"
        " VALUES ($1, $2, $3, $4, $5, 'succeeded')",
        idempotency_key,
        _REFUND + secrets.token_urlsafe(18),
        paid["card_reference"],
        amount_minor,
        paid["currency"],
    )
    await database.execute(
        "UPDATE sandbox_payment SET refunded_minor = refunded_minor + $2 WHERE reference = $1",
        paid["reference"],
        amount_minor,
    )
