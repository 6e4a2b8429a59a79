"""Dunning cases: opened at the first failure with the policy of that moment pinned, closed with what hung on them.

A case's e-mails carry a link that replaces the card of its subscription and works until the case closes.
"""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from models.database import Record
from workflows.actor import Actor
from workflows.clock import marketplace_now
from workflows.customers import addressee
from workflows.decline_codes import in_plain_words
from workflows.emails.stage import stage_email
from workflows.fire import Move, create, fire, fire_where
from workflows.links import issue_link
from workflows.machines import ACCESS_TOKEN, DUNNING_CASE
from workflows.portal_views import Marketplace
from workflows.subscriptions import billing_offset

# PRODUCT.md 4.3: Day 1 is the day of the first failure.
DEFAULT_POLICY = {"attempt_days": [1, 4, 8, 15], "end": "cancel"}
_LONGEST_CASE = timedelta(days=90)  # a case's links end with the case; this only bounds one that nobody closes


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


async def close_case(
    marketplace: Marketplace, case_id: UUID, trigger: Literal["recover", "exhaust", "abandon"], move: Move
) -> None:
    """Closes an open case in the caller's transaction; the links of its e-mails stop working."""
    at = marketplace_now(billing_offset(marketplace))
    await fire(DUNNING_CASE, marketplace.id, case_id, trigger, move, set_={"closed_at": at, "next_attempt_at": None})
    where = "marketplace_id = $1 AND dunning_case_id = $2"
    await fire_where(ACCESS_TOKEN, "revoke", where, (marketplace.id, case_id), Move(move.by, "case_closed"))


async def tell_of_failure(
    marketplace: Marketplace, case: Any, charge: Any, decline_code: str | None, by: Actor
) -> None:
    """Stages the e-mail about one failed attempt, with the case's card-update link."""
    told = await addressee(marketplace.id, case["subscription_id"])
    token_id = await issue_link(
        marketplace,
        purpose="card_update",
        customer_id=told["customer_id"],
        subscription_id=case["subscription_id"],
        dunning_case_id=case["id"],
        lifetime=_LONGEST_CASE,
        by=by,
        because="charge_failed",
    )
    next_attempt = case["next_attempt_at"]
    await stage_email(
        marketplace.id,
        template="failed_charge",
        recipient=told["email"],
        cause=f"charge:{charge['id']}",
        customer_id=told["customer_id"],
        access_token_id=token_id,
        context={
            "product": told["product"],
            "subscription_number": told["subscription_number"],
            "amount_minor": charge["amount_minor"],
            "currency": charge["currency"],
            "failed_at": charge["attempted_at"].isoformat(),
            "reason": in_plain_words(decline_code),
            **({"next_attempt_at": next_attempt.isoformat()} if next_attempt else {}),
        },
        by=by,
    )
