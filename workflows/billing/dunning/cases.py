"""Dunning cases: opened at the first failure with the policy of that moment pinned, stepped through, closed with what
hung on them. What to do next is decided in next_step.py; here it is done.

Everything runs in the caller's transaction, which holds the subscription's row locked. A case's e-mails carry a link
that replaces the card of its subscription and works until the case closes.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from models.database import Record, execute, fetch_row, fetch_value
from workflows.billing.charges.attempts import start_charge
from workflows.billing.dunning.card_retry_limits import CARD_PAUSE
from workflows.billing.dunning.case_facts import state_of_case
from workflows.billing.dunning.next_step import (
    Action,
    Attempt,
    Exhaust,
    WaitForOutcome,
    WaitUntil,
    announced_attempt,
    decide,
)
from workflows.billing.dunning.retry_policy import policy_of
from workflows.billing.emails.dunning import announce_failure, announce_the_end
from workflows.engine.actor import CLOCK
from workflows.engine.fire import Move, create, fire, fire_where
from workflows.machines import ACCESS_TOKEN, CHARGE, DUNNING_CASE
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now


async def open_case(
    marketplace: Marketplace, subscription: Any, charge: Any, decline_code: str | None, move: Move
) -> Record:
    """Opens the case of a failed charge, which was its first attempt: Day 1."""
    at = marketplace_now(billing_offset(marketplace))
    policy = await fetch_value("SELECT dunning_policy FROM marketplace WHERE id = $1", marketplace.id)
    case = await create(
        DUNNING_CASE,
        {
            "marketplace_id": marketplace.id,
            "subscription_id": subscription["id"],
            "period": charge["period"],
            "amount_minor": charge["amount_minor"],
            "currency": charge["currency"],
            "policy": policy,
            "opened_at": at,
            "attempts_made": 1,
            "last_decline_code": decline_code,
        },
        move,
    )
    await _record_step(case, 1, "charge", at, charge_id=charge["id"])
    return case


async def count_failure(case: Any, charge: Any, decline_code: str | None, move: Move) -> Record:
    """Writes down that another attempt failed. Staff's own and new cards' burn nothing of the policy's budget, and an
    attempt that waited for its customer was counted when it began to wait."""
    by_policy = charge["initiator"] in ("schedule", "retry") and charge["state"] == "pending"
    return await fire(
        DUNNING_CASE,
        case["marketplace_id"],
        case["id"],
        "attempt_failed",
        move,
        set_={"last_decline_code": decline_code},
        add={"attempts_made": 1} if by_policy else {},
    )


async def after_failure(marketplace: Marketplace, case: Any, charge: Any, move: Move) -> bool:
    """Tells the customer of a failed attempt and does what the policy says next; True when the policy is through.

    `charge` is as it was before it failed. One that waited for its customer was told of when it began to wait.
    """
    at = marketplace_now(billing_offset(marketplace))
    action = WaitForOutcome() if await _has_stopped(case) else await _decide(case, at)
    if isinstance(action, Attempt):  # its day has passed: not at once, the card has just declined
        action = WaitUntil(at + CARD_PAUSE)
    next_step = action.at if isinstance(action, WaitUntil) else None
    await _set_next_step(case, next_step)
    through = isinstance(action, Exhaust)
    if charge["state"] == "pending":
        ended = through and policy_of(case["policy"]).end == "cancel"
        next_attempt = announced_attempt(next_step, case["last_decline_code"])
        email_id = await announce_failure(marketplace, case, charge, next_attempt, move.by, ended=ended)
        stage = await _stage_of(case, charge["id"])
        await _record_step(case, stage, "email", at, outgoing_email_id=email_id)
    return through


async def step_case(marketplace: Marketplace, subscription: Any, case: Any) -> bool:
    """Does what is due for an open case, its row locked; True when the policy is through."""
    at = marketplace_now(billing_offset(marketplace))
    action = await _decide(case, at)
    if isinstance(action, Attempt):
        await _attempt(marketplace, subscription, case, at)
    else:
        await _set_next_step(case, action.at if isinstance(action, WaitUntil) else None)
    return isinstance(action, Exhaust)


async def end_case(marketplace: Marketplace, case: Any) -> Literal["cancel", "leave"]:
    """The policy is through: sends the final notice, and closes the case or, where the policy leaves the
    subscription as it is, leaves it open for a new card. Answers with the policy's end: the caller cancels."""
    at = marketplace_now(billing_offset(marketplace))
    end = policy_of(case["policy"]).end
    move = Move(CLOCK, "policy_through", {"end": end})
    # A payment that waits for its customer is not waited for any longer.
    where = "marketplace_id = $1 AND subscription_id = $2 AND state = 'action_required'"
    await fire_where(CHARGE, "withdraw", where, (case["marketplace_id"], case["subscription_id"]), move)
    email_id = await announce_the_end(marketplace, case, end, CLOCK)
    await _record_step(case, await _last_stage(case), "final_notice", at, outgoing_email_id=email_id)
    if end == "cancel":
        await close_case(marketplace, case["id"], "exhaust", move)
    else:
        await fire(DUNNING_CASE, marketplace.id, case["id"], "stop_trying", move, set_={"next_attempt_at": None})
    return end


async def close_case(
    marketplace: Marketplace, case_id: UUID, trigger: Literal["recover", "exhaust", "abandon"], move: Move
) -> None:
    """Closes an open case; the links of its e-mails stop working."""
    at = marketplace_now(billing_offset(marketplace))
    await fire(DUNNING_CASE, marketplace.id, case_id, trigger, move, set_={"closed_at": at, "next_attempt_at": None})
    where = "marketplace_id = $1 AND dunning_case_id = $2"
    await fire_where(ACCESS_TOKEN, "revoke", where, (marketplace.id, case_id), Move(move.by, "case_closed"))


async def record_attempt(case: Any, charge: Any, at: datetime) -> None:
    """Writes down another attempt of a case, whoever began it, as its next stage."""
    await _record_step(case, await _last_stage(case) + 1, "charge", at, charge_id=charge["id"])


async def _attempt(marketplace: Marketplace, subscription: Any, case: Any, at: datetime) -> None:
    charge = await start_charge(
        subscription,
        gateway=marketplace.gateway,
        amount_minor=case["amount_minor"],
        period=case["period"],
        initiator="retry",
        at=at,
        by=CLOCK,
        dunning_case_id=case["id"],
    )
    await record_attempt(case, charge, at)
    await _set_next_step(case, None)


async def _decide(case: Any, at: datetime) -> Action:
    fingerprint = await fetch_value(
        "SELECT card.fingerprint FROM subscription JOIN payment_method AS card ON card.marketplace_id ="
        " subscription.marketplace_id AND card.id = subscription.payment_method_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.id = $2",
        case["marketplace_id"],
        case["subscription_id"],
    )
    return decide(await state_of_case(case, fingerprint), policy_of(case["policy"]), at)


async def _set_next_step(case: Any, at: datetime | None) -> None:
    await execute(
        "UPDATE dunning_case SET next_attempt_at = $3 WHERE marketplace_id = $1 AND id = $2",
        case["marketplace_id"],
        case["id"],
        at,
    )


async def _has_stopped(case: Any) -> bool:
    """Whether the policy is through and has left the case open: only staff and new cards try from here on."""
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM dunning_step WHERE marketplace_id = $1 AND dunning_case_id = $2"
        " AND channel = 'final_notice')",
        case["marketplace_id"],
        case["id"],
    )


async def _stage_of(case: Any, charge_id: UUID) -> int:
    row = await fetch_row(
        "SELECT stage FROM dunning_step WHERE marketplace_id = $1 AND dunning_case_id = $2 AND charge_id = $3",
        case["marketplace_id"],
        case["id"],
        charge_id,
    )
    return row["stage"] if row else await _last_stage(case)


async def _last_stage(case: Any) -> int:
    return await fetch_value(
        "SELECT coalesce(max(stage), 1) FROM dunning_step WHERE marketplace_id = $1 AND dunning_case_id = $2",
        case["marketplace_id"],
        case["id"],
    )


async def _record_step(
    case: Any,
    stage: int,
    channel: Literal["charge", "email", "final_notice"],
    at: datetime,
    *,
    charge_id: UUID | None = None,
    outgoing_email_id: UUID | None = None,
) -> None:
    await execute(
        "INSERT INTO dunning_step (marketplace_id, dunning_case_id, stage, channel, charge_id, outgoing_email_id, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        case["marketplace_id"],
        case["id"],
        stage,
        channel,
        charge_id,
        outgoing_email_id,
        at,
    )
