"""What the decision about a case is made of, read in the caller's transaction with the rows already locked."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import execute, fetch, fetch_value
from workflows.billing.charges.declines import severity
from workflows.billing.dunning.next_step import CARD_WINDOW, CaseFacts, Policy


def policy_of(row: Any) -> Policy:
    """The policy pinned to a case, or set for a marketplace (its JSON)."""
    return msgspec.convert(row, Policy)


async def facts_of(case: Any, fingerprint: str | None) -> CaseFacts:
    """The facts of an open case; `fingerprint` is the present card's, None when there is no card."""
    under_way = await fetch_value(
        "SELECT EXISTS (SELECT FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'pending')",
        case["marketplace_id"],
        case["subscription_id"],
    )
    retries = await _card_retries(case["marketplace_id"], fingerprint, case["opened_at"] - CARD_WINDOW)
    automatic = [row["attempted_at"] for row in retries if row["initiator"] == "retry"]
    return CaseFacts(
        opened_at=case["opened_at"],
        attempts_made=case["attempts_made"],
        last_decline=severity(case["last_decline_code"]),
        charge_under_way=under_way,
        card_retries_at=tuple(row["attempted_at"] for row in retries),
        card_last_automatic_at=max(automatic, default=None),
    )


async def _card_retries(marketplace_id: UUID, fingerprint: str | None, since: datetime) -> list[Any]:
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
    return await _card_retries(marketplace_id, fingerprint, at - CARD_WINDOW)
