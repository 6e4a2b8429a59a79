"""Dunning cases: opened at the first failure, with the policy of that moment pinned."""

from datetime import datetime, timedelta
from typing import Any

from models.database import Record
from workflows.clock import marketplace_now
from workflows.fire import Move, create
from workflows.machines import DUNNING_CASE
from workflows.portal_views import Marketplace
from workflows.subscriptions import billing_offset

# PRODUCT.md 4.3: Day 1 is the day of the first failure.
DEFAULT_POLICY = {"attempt_days": [1, 4, 8, 15], "end": "cancel"}


async def open_case(
    marketplace: Marketplace, subscription: Any, charge: Any, decline_code: str | None, move: Move
) -> Record:
    """Opens the case of a failed charge in the caller's transaction; the failed charge was its first attempt."""
    at = marketplace_now(billing_offset(marketplace))
    return await create(
        DUNNING_CASE,
        {
            "marketplace_id": marketplace.id,
            "subscription_id": subscription["id"],
            "period": charge["period"],
            "amount_minor": charge["amount_minor"],
            "currency": charge["currency"],
            "policy": DEFAULT_POLICY,
            "opened_at": at,
            "attempts_made": 1,
            "next_attempt_at": next_attempt_at(DEFAULT_POLICY, at, attempts_made=1),
            "last_decline_code": decline_code,
        },
        move,
    )


def next_attempt_at(policy: dict[str, Any], opened_at: datetime, attempts_made: int) -> datetime | None:
    """When the policy tries again after so many attempts; None when it is through."""
    days: list[int] = policy["attempt_days"]
    return opened_at + timedelta(days=days[attempts_made] - 1) if attempts_made < len(days) else None
