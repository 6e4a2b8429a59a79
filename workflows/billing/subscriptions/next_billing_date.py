"""Change Next Billing Date: the next charge falls on another day, and the ones after it are counted on from there.

The day chosen becomes the subscription's billing day (docs/decisions/0016). A trial ends on the day of its first
payment, so it moves along.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from models.database import retrying, transaction
from workflows.billing.calendar.calendar import charge_at
from workflows.billing.calendar.chosen_dates import check_day
from workflows.billing.subscriptions.lock import lock_subscription
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import NotNow, TransitionRefused


@retrying
async def change_next_billing_date(marketplace: Marketplace, number: int, day: date, by: Actor) -> None:
    """Moves the next charge of an active subscription to `day`, at the time of day at which it is always charged.

    Raises InvalidInput for a day before tomorrow or past two years, NotFound, TransitionRefused (not active), NotNow
    (the renewal is being charged, a cancellation is arranged).
    """
    check_day(marketplace, day, "date")
    async with transaction():
        subscription = await lock_subscription(marketplace.id, number)
        _refuse_where_impossible(subscription)
        at = _same_time_of_day(subscription["anchor_at"], day, marketplace.time_zone)
        if at == subscription["next_charge_at"]:
            return
        facts = {"next_charge_at": at, "anchor_at": at, "anchor_period": subscription["next_period"]}
        if in_trial(subscription):
            facts["trial_ends_at"] = at
        details = {"from": subscription["next_charge_at"].isoformat(), "to": at.isoformat()}
        move = Move(by, "next_billing_date_changed", details)
        await fire(SUBSCRIPTION, marketplace.id, subscription["id"], "reschedule", move, set_=facts)


def in_trial(subscription: Any) -> bool:
    """Whether its first regular payment is still to come, at the end of its trial."""
    return subscription["trial_ends_at"] is not None and subscription["next_period"] == 0


def _refuse_where_impossible(subscription: Any) -> None:
    if subscription["state"] != "active":
        raise TransitionRefused("subscription", subscription["id"], "reschedule", subscription["state"], "no rule")
    if subscription["next_charge_at"] is None:
        raise NotNow(subscription, "reschedule", "Its renewal is being charged at this moment. Try again in a minute.")
    if subscription["cancel_at"] is not None:
        raise NotNow(subscription, "reschedule", "Its cancellation is arranged. Undo that first.")


def _same_time_of_day(anchor_at: datetime, day: date, time_zone: str) -> datetime:
    days = (day - anchor_at.astimezone(ZoneInfo(time_zone)).date()).days
    return charge_at(anchor_at, days, "day", 1, time_zone)
