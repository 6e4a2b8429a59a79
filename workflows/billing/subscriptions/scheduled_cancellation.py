"""Cancelling at the end of the paid period, or on a date, and undoing that until then.

The arrangement is a fact of the row (`cancel_at`) and a line of its log; the state stays as it is. The clock's run
carries it out (workflows/billing/run/due_work.py), and no renewal is charged at or after it
(workflows/billing/run/renewals.py).
"""

from datetime import date, datetime
from typing import Any, Literal

from models.database import retrying, transaction
from workflows.billing.calendar.chosen_dates import check_day
from workflows.billing.subscriptions.lock import lock_subscription
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.days import beginning_of, read_day
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import InvalidInput, NotNow

When = Literal["now", "period_end"] | date


def read_when(text: str, field: str = "at") -> When:
    """`now`, `period_end` or a day as `YYYY-MM-DD`. Raises InvalidInput naming `field`."""
    match text.strip():
        case "now" | "period_end" as word:
            return word
        case day:
            try:
                return read_day(day, field)
            except InvalidInput:
                problem = "Say now, period_end, or a day as YYYY-MM-DD."
                raise InvalidInput({field: problem}) from None


@retrying
async def cancel_later(marketplace: Marketplace, number: int, when: Literal["period_end"] | date, by: Actor) -> None:
    """Arranges the end of a subscription: at the end of the period that is paid, or at the beginning of a day.

    An earlier arrangement is replaced. Raises InvalidInput for a day before tomorrow or past two years, NotFound,
    TransitionRefused (it has ended), NotNow (no paid period is running, or its renewal is being charged).
    """
    if isinstance(when, date):
        check_day(marketplace, when, "at")
    async with transaction():
        subscription = await lock_subscription(marketplace.id, number)
        at = beginning_of(marketplace, when) if isinstance(when, date) else _end_of_period(subscription)
        because = "cancellation_on_date" if isinstance(when, date) else "cancellation_at_period_end"
        move = Move(by, because, {"cancel_at": at.isoformat()})
        await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "cancel_later", move, set_={"cancel_at": at})


@retrying
async def undo_cancellation(marketplace: Marketplace, number: int, by: Actor) -> None:
    """Takes an arranged cancellation back. Raises NotFound, TransitionRefused (it has ended), NotNow (none is arranged,
    or its time has come, also where the clock's run has not come to it yet)."""
    at = marketplace_now(billing_offset(marketplace))
    async with transaction():
        subscription = await lock_subscription(marketplace.id, number)
        if subscription["ended_at"] is None and not SUBSCRIPTION.allows("undo_cancel", subscription, now=at):
            arranged = subscription["cancel_at"] is not None
            says = "It is being cancelled: its day has come." if arranged else "No cancellation is arranged."
            raise NotNow(subscription, "undo_cancel", says)
        move = Move(by, "cancellation_undone")
        await fire(
            SUBSCRIPTION,
            marketplace.id,
            subscription["id"],
            "undo_cancel",
            move,
            set_={"cancel_at": None},
            arguments={"now": at},
        )


def _end_of_period(subscription: Any) -> datetime:
    """The end of what is paid: the next charge, or of a trial the first. One that ended is left to the machine."""
    if subscription["state"] == "failed_charge":
        raise NotNow(subscription, "cancel_later", "No paid period is running: a charge failed. Choose now, or a date.")
    if subscription["next_charge_at"] is not None:
        return subscription["next_charge_at"]
    if subscription["state"] == "active":
        raise NotNow(subscription, "cancel_later", "Its renewal is being charged now. Try again in a minute.")
    return subscription["ended_at"]  # `fire` refuses
