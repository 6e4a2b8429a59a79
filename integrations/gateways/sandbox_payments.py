"""What becomes of the sandbox's payments after the first answer: confirmed, withdrawn, listed.

SQL of sandbox_payment only; each function works on the connection that it is given.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from integrations.gateways.sandbox_cards import AUTHENTICATED_DECLINE
from workflows.billing.gateway import GatewayPayment, Outcome
from workflows.runtime.errors import NotFound

WITHDRAWN = "canceled"  # Stripe's word, so that both gateways speak alike
DISPUTED = "dispute:"  # what sandbox_card.outcome begins with where payments are disputed
_PAGE = 500


async def confirm(database: Any, reference: str) -> Outcome:
    """Ends an `action_required` payment as its card means it. Raises NotFound."""
    payment = await _payment(database, reference)
    if payment["status"] != "action_required":
        return outcome_of(payment)
    card = await database.fetchval("SELECT outcome FROM sandbox_card WHERE reference = $1", payment["card_reference"])
    declined = card is not None and card.startswith("authentication_then_decline")
    status, code = ("failed", AUTHENTICATED_DECLINE) if declined else ("succeeded", None)
    return await _end(database, reference, status, code)


async def withdraw(database: Any, reference: str) -> Outcome:
    """Ends an `action_required` payment unpaid. Raises NotFound."""
    payment = await _payment(database, reference)
    if payment["status"] != "action_required":
        return outcome_of(payment)
    return await _end(database, reference, "failed", WITHDRAWN)


async def payments_between(database: Any, since: datetime, until: datetime) -> AsyncIterator[GatewayPayment]:
    """Payments (not refunds, which share the table) made in that time, oldest first."""
    at, reference = since, ""
    while True:
        rows = await database.fetch(
            "SELECT payment.*, card.outcome FROM sandbox_payment AS payment"
            " JOIN sandbox_card AS card ON card.reference = payment.card_reference"
            " WHERE (payment.created_at, payment.reference) > ($1, $2) AND payment.created_at < $3"
            " AND starts_with(payment.reference, 'ch_') ORDER BY payment.created_at, payment.reference LIMIT $4",
            at,
            reference,
            until,
            _PAGE,
        )
        for row in rows:
            yield GatewayPayment(
                reference=row["reference"],
                idempotency_key=row["idempotency_key"],
                amount_minor=row["amount_minor"],
                refunded_minor=row["refunded_minor"],
                currency=row["currency"],
                state=row["status"],
                created_at=row["created_at"],
                disputed=row["outcome"].startswith(DISPUTED),
            )
        if len(rows) < _PAGE:
            return
        at, reference = rows[-1]["created_at"], rows[-1]["reference"]


def outcome_of(row: Any, *, disputed: bool = False) -> Outcome:
    """A row of sandbox_payment as the port says it; `disputed`: its card is one whose payments are."""
    return Outcome(
        state=row["status"],
        gateway_reference=row["reference"],
        decline_code=row["decline_code"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        disputed=disputed and row["status"] == "succeeded",
    )


async def _payment(database: Any, reference: str) -> Any:
    payment = await database.fetchrow(
        "SELECT * FROM sandbox_payment WHERE reference = $1 AND starts_with(reference, 'ch_') FOR UPDATE", reference
    )
    if payment is None:
        raise NotFound("no such payment")
    return payment


async def _end(database: Any, reference: str, status: str, decline_code: str | None) -> Outcome:
    row = await database.fetchrow(
        "UPDATE sandbox_payment SET status = $2, decline_code = $3 WHERE reference = $1 RETURNING *",
        reference,
        status,
        decline_code,
    )
    return outcome_of(row)
