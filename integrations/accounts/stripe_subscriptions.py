"""Subscriptions at Stripe as Gatehouse's: state, calendar, card. docs/import.md has the table. Pure: asks nobody."""

from datetime import UTC, datetime
from uuid import UUID

from integrations.accounts.stripe_hindrances import blocker, charging_blocker
from integrations.accounts.stripe_methods import card_columns
from integrations.accounts.stripe_products import product_of
from integrations.accounts.stripe_standing import Standing, standing_of
from integrations.accounts.stripe_text import amount, columns, instant
from integrations.stripe_objects.customers import Customer
from integrations.stripe_objects.invoices import Invoice
from integrations.stripe_objects.subscriptions import Subscription
from workflows.billing.calendar.calendar import period_at
from workflows.importing.account.source import AccountObjects
from workflows.importing.shapes import Problem

_MOST_ATTEMPTS = 100  # of a dunning case, as rows allow


def subscription_rows(
    subscription: Subscription, marketplace_id: UUID, handed: Invoice | None, name: str | None
) -> list[AccountObjects]:
    """Its product (called `name`), its order and itself; or why it stays at Stripe."""
    standing = standing_of(subscription, marketplace_id, handed)
    charged = standing.led_by is not None and subscription.status != "canceled"
    row = blocker(subscription) or (charging_blocker(subscription) if charged else None) or standing.problem
    row = row or _row(subscription, standing, charged=charged)
    if isinstance(row, Problem):
        return [AccountObjects(kind="subscriptions", reference=subscription.id, problem=row, led_by=standing.led_by)]
    price = subscription.items.data[0].price
    order = columns(
        customer=_id(subscription.customer),
        product=price.id,
        quantity=str(subscription.items.data[0].quantity or 1),
        amount=row["amount"],
        currency=row["currency"],
        placed_at=row["started_at"],
    )
    row["order"] = subscription.id
    return [
        product_of(price, name),
        AccountObjects(kind="orders", reference=subscription.id, columns=order),
        AccountObjects(kind="subscriptions", reference=subscription.id, columns=row, led_by=standing.led_by),
    ]


def _row(subscription: Subscription, standing: Standing, *, charged: bool) -> dict[str, str] | Problem:
    item = subscription.items.data[0]
    price = item.price
    cents = (price.unit_amount or 0) * (item.quantity or 1)
    each, card = amount(cents, price.currency), card_columns(subscription)
    if isinstance(each, Problem):
        return each
    if isinstance(card, Problem):
        if charged:
            return card
        card = {}  # of one that is over, or ends before it would be charged
    if standing.owed is not None and (standing.owed.period_start is None or _asks_other(standing.owed, cents)):
        return Problem("amount", f"is not what is owed (invoice {standing.owed.id}): settle that at Stripe first")
    every = price.recurring
    return columns(
        amount=each,
        currency=price.currency.upper(),
        interval_unit=every.interval if every else None,
        interval_count=str(every.interval_count) if every else None,
        started_at=instant(subscription.start_date),
        trial_ends_at=instant(subscription.trial_end) if subscription.trial_end else None,
        **_calendar(subscription, standing),
        **_state(subscription, standing),
        **card,
    )


def _asks_other(owed: Invoice, cents: int) -> bool:
    return owed.status == "open" and owed.amount_remaining != cents


def _state(subscription: Subscription, standing: Standing) -> dict[str, str]:
    if subscription.status == "canceled":
        ended_at = subscription.ended_at or subscription.canceled_at or subscription.start_date
        return {"state": "cancelled", "ended_at": instant(ended_at)}
    end = {"cancel_at": instant(standing.ends_at)} if standing.ends_at else {}
    if standing.owed is not None:
        attempts = min(max(standing.owed.attempt_count, 1), _MOST_ATTEMPTS)
        failed = {"failed_at": instant(standing.owed.created), "attempts_made": str(attempts)}
        return {"state": "failed_charge", **failed, **end}
    if standing.ending:
        return {"state": "active", **end}
    return {"state": "active", "next_charge_at": instant(subscription.items.data[0].current_period_end), **end}


def _calendar(subscription: Subscription, standing: Standing) -> dict[str, str]:
    """The anchor and the periods behind it: those before the period that is charged next, or is owed.

    Where Stripe's anchor does not lead there (it was moved, by an upgrade say), the calendar begins at that period.
    """
    every = subscription.items.data[0].price.recurring
    next_ = subscription.items.data[0].current_period_end
    if standing.owed is not None and standing.owed.period_start is not None:
        next_ = standing.owed.period_start
    anchor, at = _at(subscription.billing_cycle_anchor), _at(next_)
    made = period_at(anchor, at, every.interval, every.interval_count) if every else None
    if made is None or made < 0:
        anchor, made = at, 0
    return {"anchor_at": anchor.isoformat(), "payments_made": str(made)}


def _at(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _id(customer: Customer | str) -> str:
    return customer if isinstance(customer, str) else customer.id
