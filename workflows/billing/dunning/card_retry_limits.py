"""How often one card may be tried again, across the subscriptions that it pays for (PRODUCT.md 4.5).

Card networks limit this: Visa allows 15 tries in 30 days, Mastercard 35. Ours stay far below. Staff's own retries count
towards CARD_RETRIES only.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.database import execute, fetch, fetch_value

CARD_RETRIES = 8  # within CARD_WINDOW, automatic ones and staff's
CARD_WINDOW = timedelta(days=30)  # the period that the networks count in
CARD_PAUSE = timedelta(days=1)  # between two automatic attempts: never twice on one day


async def card_retries(marketplace_id: UUID, fingerprint: str | None, since: datetime) -> list[Any]:
    """Returns the retries after `since` of the card with that fingerprint, automatic ones and staff's, across
    subscriptions; locks the card until the transaction ends."""
    if fingerprint is None:
        return []
    # Two cases of one card deciding at once are one after the other: each sees the other's attempt.
    await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"card:{marketplace_id}:{fingerprint}")
    return await fetch(
        "SELECT initiator, attempted_at FROM charge WHERE marketplace_id = $1 AND card_fingerprint = $2"
        " AND initiator IN ('retry', 'staff') AND attempted_at > $3 ORDER BY attempted_at",
        marketplace_id,
        fingerprint,
        since,
    )


async def retries_of_card(marketplace_id: UUID, payment_method_id: UUID | None, at: datetime) -> list[Any]:
    """The card's retries in the 30 days before `at`, automatic ones and staff's, across subscriptions; the card is
    locked until the transaction ends."""
    fingerprint = await fetch_value(
        "SELECT fingerprint FROM payment_method WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        payment_method_id,
    )
    return await card_retries(marketplace_id, fingerprint, at - CARD_WINDOW)
