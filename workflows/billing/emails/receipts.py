"""Receipts: what was paid, for what, and what is charged next. The first one and each resent one are built here."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import Record, fetch_row
from workflows.billing.calendar.calendar import next_charge
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace

_ORDER = """
SELECT customer_order.number AS order_number, customer_order.placed_at, customer_order.currency,
       product.name AS product, customer.id AS customer_id, customer.email
FROM customer_order
JOIN customer ON customer.marketplace_id = customer_order.marketplace_id AND customer.id = customer_order.customer_id
JOIN product ON product.marketplace_id = customer_order.marketplace_id AND product.id = customer_order.product_id
WHERE customer_order.marketplace_id = $1 AND customer_order.id = $2
"""
_SUBSCRIPTION = """
SELECT subscription.*, product.name AS product, customer.email, card.brand AS card_brand,
       card.last_four AS card_last_four
FROM subscription
JOIN customer ON customer.marketplace_id = subscription.marketplace_id AND customer.id = subscription.customer_id
JOIN product ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id
LEFT JOIN payment_method AS card ON card.marketplace_id = subscription.marketplace_id AND card.id = $3
WHERE subscription.marketplace_id = $1 AND subscription.{column} = $2
"""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the e-mail says (`context`, as the catalogue has it for `template`). `cause` names the first one."""

    template: str
    cause: str
    customer_id: UUID
    recipient: str  # the customer's present address
    context: dict[str, Any]


async def receipt_of(marketplace: Marketplace, charge: Record) -> Receipt:
    """The receipt of a charge that was paid, as it was sent when it was."""
    if charge["subscription_id"] is None or charge["initiator"] == "order":
        return await receipt_of_order(marketplace, charge["order_id"], charge)
    return await receipt_of_renewal(marketplace, charge, charge["paid_at"])


async def receipt_of_order(marketplace: Marketplace, order_id: UUID, charge: Record | None) -> Receipt:
    """The receipt of an order. `charge` None: nothing was due."""
    order = await _one(_ORDER, marketplace, order_id)
    context: dict[str, Any] = {
        "product": order["product"],
        "order_number": order["order_number"],
        "amount_minor": 0 if charge is None else charge["amount_minor"],
        "currency": order["currency"],
        "paid_at": order["placed_at"].isoformat(),
    }
    started = await fetch_row(_SUBSCRIPTION.format(column="order_id"), marketplace.id, order_id, None)
    if started is not None:
        trial_ends_at = started["trial_ends_at"]
        period = started["next_period"] if charge is None else 1 if trial_ends_at is None else 0
        context |= {
            "interval_unit": started["interval_unit"],
            "interval_count": started["interval_count"],
            "subscription_number": started["number"],
            "trial_ends_at": _text(trial_ends_at),
            "next_charge_at": _text(_charged_next(marketplace, started, period, order["placed_at"])),
        }
    return Receipt(
        template="order_receipt",
        cause=f"order:{order_id}",
        customer_id=order["customer_id"],
        recipient=order["email"],
        context=_known(context),
    )


async def receipt_of_renewal(marketplace: Marketplace, charge: Record, paid_at: datetime) -> Receipt:
    """The receipt of a subscription's payment, once the subscription has counted it."""
    by_id = _SUBSCRIPTION.format(column="id")
    subscription = await _one(by_id, marketplace, charge["subscription_id"], charge["payment_method_id"])
    context: dict[str, Any] = {
        "product": subscription["product"],
        "subscription_number": subscription["number"],
        "order_number": charge["order_number"],
        "amount_minor": charge["amount_minor"],
        "currency": charge["currency"],
        "paid_at": paid_at.isoformat(),
        "card_brand": subscription["card_brand"],
        "card_last_four": subscription["card_last_four"],
        "payments_total": subscription["payments_total"],
    }
    if charge["period"] is not None:
        period = charge["period"] + 1
        context["next_charge_at"] = _text(_charged_next(marketplace, subscription, period, paid_at))
        if subscription["payments_total"] is not None:
            context["payment_number"] = _paid_before(subscription, period)
    return Receipt(
        template="renewal_receipt",
        cause=f"charge:{charge['id']}",
        customer_id=subscription["customer_id"],
        recipient=subscription["email"],
        context=_known(context),
    )


async def send_receipt(marketplace: Marketplace, receipt: Receipt, by: Actor) -> None:
    """Stages the first one, in the caller's transaction. Nothing when it was staged before."""
    await stage_email(
        marketplace.id,
        template=receipt.template,
        recipient=receipt.recipient,
        cause=receipt.cause,
        customer_id=receipt.customer_id,
        context=receipt.context,
        by=by,
    )


def _charged_next(marketplace: Marketplace, subscription: Record, period: int, paid_at: datetime) -> datetime | None:
    """When `period` is charged, as it stood once the payment before it was counted; None where that was the last."""
    total, ended_at = subscription["payments_total"], subscription["ended_at"]
    if (total is not None and _paid_before(subscription, period) >= total) or (ended_at and ended_at <= paid_at):
        return None
    if subscription["next_period"] == period and subscription["state"] == "active":
        return subscription["next_charge_at"]
    return next_charge(marketplace, subscription, period)


def _paid_before(subscription: Record, period: int) -> int:
    """How many payments were made before `period`, by the count that the subscription keeps."""
    return subscription["payments_made"] - (subscription["next_period"] - period)


async def _one(sql: str, marketplace: Marketplace, *ids: UUID | None) -> Record:
    row = await fetch_row(sql, marketplace.id, *ids)
    assert row is not None, "a foreign key holds it"
    return row


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _known(context: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in context.items() if value is not None}
