"""Restart: a cancelled subscription goes on. What its customer has paid for is not charged again (docs/decisions/0016).

Where the paid period is still running, it runs on, and the calendar with it. Else a new period begins now and is
charged at once, as a renewal is: the database holds one charge a period, whatever is done twice.
"""

from datetime import datetime
from typing import Any, NamedTuple

from models.database import fetch, fetch_value, retrying, transaction
from workflows.billing.calendar.calendar import next_charge
from workflows.billing.subscriptions.lock import charge_on_its_way, lock_subscription
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.engine.outbox import stage
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import NotNow, TransitionRefused

_ERASED = "SELECT erased_at IS NOT NULL FROM customer WHERE marketplace_id = $1 AND id = $2"
_PAID = ("succeeded", "partially_refunded", "disputed")


class _Paid(NamedTuple):
    """What became of its periods: the next one to charge, how many payments there were, whether the last one's money
    was given back in full."""

    next_period: int
    payments: int
    given_back: bool


async def charged_at_restart(marketplace: Marketplace, number: int) -> datetime | None:
    """What a restart would do now, for whoever is asked to confirm it: when the next charge would come, None: at once.

    Raises what `restart` raises.
    """
    at = marketplace_now(billing_offset(marketplace))
    async with transaction():
        subscription = await lock_subscription(marketplace.id, number)
        due = _calendar(marketplace, subscription, await _restartable(subscription), at)["next_charge_at"]
    return None if due == at else due


@retrying
async def restart(marketplace: Marketplace, number: int, by: Actor) -> None:
    """Restarts a cancelled subscription. Raises NotFound, TransitionRefused (it is not cancelled), NotNow (a charge is
    still on its way, all payments of its plan were made, its customer was erased)."""
    at = marketplace_now(billing_offset(marketplace))
    async with transaction():
        subscription = await lock_subscription(marketplace.id, number)
        paid = await _restartable(subscription)
        facts = _calendar(marketplace, subscription, paid, at)
        move = Move(by, "restarted_by_staff", {"period": paid.next_period, "next_charge_at": _iso(facts)})
        await fire(
            SUBSCRIPTION,
            marketplace.id,
            subscription["id"],
            "restart",
            move,
            set_={
                "ended_at": None,
                "cancel_at": None,
                "next_period": paid.next_period,
                "payments_made": paid.payments,
                **facts,
            },
        )
        if facts["next_charge_at"] == at:
            await stage("billing.run", marketplace.id)


async def _restartable(subscription: Any) -> _Paid:
    if subscription["state"] != "cancelled":
        raise TransitionRefused("subscription", subscription["id"], "restart", subscription["state"], "no rule")
    if await charge_on_its_way(subscription):
        raise NotNow(subscription, "restart", "A charge of it is still on its way. Try again when it is settled.")
    if await fetch_value(_ERASED, subscription["marketplace_id"], subscription["customer_id"]):
        raise NotNow(subscription, "restart", "Its customer was erased: there is nobody to charge.")
    paid, total = await _paid(subscription), subscription["payments_total"]
    if total is not None and paid.payments >= total:
        raise NotNow(subscription, "restart", "All payments of its plan were made: there is nothing to restart.")
    return paid


def _calendar(marketplace: Marketplace, subscription: Any, paid: _Paid, at: datetime) -> dict[str, Any]:
    due = next_charge(marketplace, subscription, paid.next_period)
    if due > at and not paid.given_back:
        return {"next_charge_at": due}
    return {"next_charge_at": at, "anchor_at": at, "anchor_period": paid.next_period}


def _iso(facts: dict[str, Any]) -> str:
    return facts["next_charge_at"].isoformat()


async def _paid(subscription: Any) -> _Paid:
    """A charge that was on its way when the subscription was cancelled counts from here on, if it was paid."""
    period: int = subscription["next_period"]
    rows = await fetch(
        "SELECT period, state FROM charge WHERE marketplace_id = $1 AND subscription_id = $2 AND period >= $3"
        " AND state <> 'failed' ORDER BY period",
        subscription["marketplace_id"],
        subscription["id"],
        period - 1,
    )
    late = [row for row in rows if row["period"] >= period]
    return _Paid(
        next_period=max([period, *(row["period"] + 1 for row in late)]),
        payments=subscription["payments_made"] + sum(row["state"] in _PAID for row in late),
        given_back=bool(rows) and rows[-1]["state"] == "refunded",
    )
