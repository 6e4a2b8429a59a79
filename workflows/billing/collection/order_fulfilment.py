"""What an order starts once it is paid, or needs no payment: its subscription, its receipt, a payment of nothing.

In the caller's transaction. Safe to call for an order that was fulfilled before: nothing happens twice.
"""

from typing import Any
from uuid import UUID

from models.database import execute, fetch_row, fetch_value
from workflows.billing.calendar.calendar import charge_at
from workflows.billing.emails.receipts import receipt_of_order, send_receipt
from workflows.billing.products import Product, find_product
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create, fire
from workflows.invoices.issue import issue_invoice
from workflows.machines import CHARGE, SUBSCRIPTION
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.short_numbers import next_number
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now

TRIAL_PERIOD = -1  # the price of a trial is paid for no regular period


async def fulfil_paid(marketplace: Marketplace, charge: Any, by: Actor) -> None:
    """The order of a charge that just succeeded: starts its subscription and sends the receipt."""
    order = await fetch_row(
        "SELECT * FROM customer_order WHERE marketplace_id = $1 AND id = $2 FOR UPDATE",
        marketplace.id,
        charge["order_id"],
    )
    assert order is not None, "a foreign key holds it"
    product = await find_product(marketplace.id, str(order["product_id"]))
    if product.subscribes and not await _started(marketplace.id, order["id"]):
        subscription = await _start(marketplace, order, product, charge["payment_method_id"], by, paid=True)
        await execute(
            "UPDATE charge SET subscription_id = $3, period = $4 WHERE marketplace_id = $1 AND id = $2",
            marketplace.id,
            charge["id"],
            subscription["id"],
            TRIAL_PERIOD if product.trial_days else 0,
        )
    receipt = await receipt_of_order(marketplace, order["id"], charge)
    await send_receipt(marketplace, receipt, by)


async def fulfil_unpaid(
    marketplace: Marketplace, order: Any, product: Product, payment_method_id: UUID | None, by: Actor
) -> None:
    """An order on which nothing is due: a free trial starts; a pay-what-you-want of nothing is a payment of nothing."""
    if product.subscribes:
        await _start(marketplace, order, product, payment_method_id, by, paid=False)
    else:
        await _pay_nothing(marketplace, order, payment_method_id, by)
    receipt = await receipt_of_order(marketplace, order["id"], None)
    await send_receipt(marketplace, receipt, by)


async def _started(marketplace_id: UUID, order_id: UUID) -> bool:
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM subscription WHERE marketplace_id = $1 AND order_id = $2)",
        marketplace_id,
        order_id,
    )


async def _start(
    marketplace: Marketplace, order: Any, product: Product, payment_method_id: UUID | None, by: Actor, *, paid: bool
) -> Any:
    """The first regular charge anchors the calendar: now where it was paid, else the end of the trial."""
    assert product.interval_unit is not None, "the product's table holds it"
    assert product.interval_count is not None, "the product's table holds it"
    at = marketplace_now(billing_offset(marketplace))
    trial_ends_at = charge_at(at, product.trial_days, "day", 1, marketplace.time_zone) if product.trial_days else None
    regular_paid = paid and trial_ends_at is None
    anchor = trial_ends_at or at
    second = charge_at(anchor, 1, product.interval_unit, product.interval_count, marketplace.time_zone)
    paid_off = regular_paid and product.payments == 1
    row = await create(
        SUBSCRIPTION,
        {
            "marketplace_id": marketplace.id,
            "number": await next_number(marketplace.id, "subscription"),
            "customer_id": order["customer_id"],
            "product_id": product.id,
            "order_id": order["id"],
            "payment_method_id": payment_method_id,
            "amount_minor": order["amount_minor"],  # what was ordered, whatever the product costs by now
            "currency": product.currency,
            "interval_unit": product.interval_unit,
            "interval_count": product.interval_count,
            "payments_total": product.payments,
            "payments_made": 1 if regular_paid else 0,
            "started_at": at,
            "trial_ends_at": trial_ends_at,
            "anchor_at": anchor,
            "next_period": 1 if regular_paid else 0,
            "next_charge_at": None if paid_off else second if regular_paid else anchor,
        },
        Move(by, "ordered", {"order": order["number"]}),
    )
    if paid_off:
        return await fire(
            SUBSCRIPTION, marketplace.id, row["id"], "complete", Move(by, "paid_off"), set_={"ended_at": at}
        )
    return row


async def _pay_nothing(marketplace: Marketplace, order: Any, payment_method_id: UUID | None, by: Actor) -> None:
    at = marketplace_now(billing_offset(marketplace))
    move = Move(by, "nothing_due", {"order": order["number"]})
    charge = await create(
        CHARGE,
        {
            "marketplace_id": marketplace.id,
            "customer_id": order["customer_id"],
            "order_id": order["id"],
            "order_number": order["number"],
            "payment_method_id": payment_method_id,
            "initiator": "order",
            "amount_minor": 0,
            "currency": order["currency"],
            "gateway": marketplace.gateway,
            "attempted_at": at,
        },
        move,
    )
    await fire(CHARGE, marketplace.id, charge["id"], "succeed", move, set_={"paid_at": at})
    await issue_invoice(marketplace.id, charge["id"], by)
