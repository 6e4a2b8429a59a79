"""Rows for tests, each made by one call that takes only what differs. Written as the application's role writes them.

Later states come by import, as a merchant's history does; links and sessions by their own moves.

>>> marketplace = await a_marketplace(self_cancellation=True)
>>> subscription = await a_subscription(marketplace, state="failed_charge")
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models.database import Record, fetch_row, fetch_value
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create, fire
from workflows.engine.machine import StateMachine
from workflows.machines import ACCESS_TOKEN, CHARGE, DUNNING_CASE, PORTAL_SESSION, SUBSCRIPTION
from workflows.marketplaces.marketplace import MARKETPLACE_COLUMNS
from workflows.marketplaces.tenant import Marketplace
from workflows.operations.marketplace_setup import DEFAULT_COLUMNS
from workflows.runtime.clock import now

IMPORTED = Move(Actor("import", "factory"), "test_data")
BY_WORKER = Move(Actor("worker", "factory"), "test_data")

_PAID = {"succeeded", "refunded", "partially_refunded", "disputed"}


async def a_marketplace(**columns: Any) -> Marketplace:
    """A sandbox marketplace with the article's defaults, as the workflows see it."""
    slug = f"shop-{secrets.token_hex(4)}"
    given = {"slug": slug, "name": "Ada's Books", "support_email": "help@ada.example", "sandbox": True}
    row = await _insert("marketplace", {**DEFAULT_COLUMNS, **given, **columns})
    found = await fetch_row(f"SELECT {MARKETPLACE_COLUMNS} FROM marketplace WHERE id = $1", row["id"])
    assert found is not None
    return Marketplace(**found)


async def a_staff_member(marketplace: Marketplace, **columns: Any) -> Record:
    given = {"email": f"staff-{secrets.token_hex(4)}@ada.example", "name": "Sam Staff", "role": "owner"}
    return await _insert("staff", {"marketplace_id": marketplace.id, **given, **columns})


async def a_customer(marketplace: Marketplace, **columns: Any) -> Record:
    """A customer without anything bought: no link goes to them yet."""
    number = await _number(marketplace, "customer")
    given = {"number": number, "email": f"jane-{secrets.token_hex(4)}@example.com", "name": "Jane Doe"}
    return await _insert("customer", {"marketplace_id": marketplace.id, **given, **columns})


async def a_product(marketplace: Marketplace, **columns: Any) -> Record:
    """A product of 19.99 a month, until cancelled."""
    given: dict[str, Any] = {"name": "Monthly box", "kind": "recurring", "amount_minor": 1999}
    if columns.get("kind", "recurring") in ("recurring", "limited"):
        given |= {"interval_unit": "month", "interval_count": 1}
    if columns.get("kind") == "limited":
        given |= {"payments": 6}
    given |= {"marketplace_id": marketplace.id, "currency": marketplace.currency}
    return await _insert("product", {**given, **columns})


async def an_order(
    marketplace: Marketplace, customer: Record | None = None, product: Record | None = None, **columns: Any
) -> Record:
    customer = customer or await a_customer(marketplace)
    product = product or await a_product(marketplace)
    given = {
        "marketplace_id": marketplace.id,
        "number": await _number(marketplace, "order"),
        "customer_id": customer["id"],
        "product_id": product["id"],
        "amount_minor": product["amount_minor"],
        "currency": product["currency"],
        "placed_at": now(),
    }
    return await _insert("customer_order", {**given, **columns})


async def an_import(marketplace: Marketplace, **columns: Any) -> Record:
    """An import from Stripe of which nothing is done yet."""
    given = {"source": "stripe", "dry_run": False, "take_over": False, "started_by": "factory"}
    given |= {"marketplace_id": marketplace.id, "created_until": now(), "step": "read products"}
    return await _insert("import_run", {**given, **columns})


async def a_payment_method(marketplace: Marketplace, customer: Record, **columns: Any) -> Record:
    """A Visa ending in 4242 at the sandbox gateway, which has never heard of its reference."""
    reference = f"card_{secrets.token_hex(8)}"
    given = {
        "marketplace_id": marketplace.id,
        "customer_id": customer["id"],
        "gateway": "sandbox",
        "reference": reference,
        "fingerprint": reference,
        "brand": "visa",
        "last_four": "4242",
        "exp_month": 12,
        "exp_year": now().year + 3,
    }
    return await _insert("payment_method", {**given, **columns})


async def a_subscription(
    marketplace: Marketplace,
    *,
    state: str = "active",
    customer: Record | None = None,
    product: Record | None = None,
    order: Record | None = None,
    payment_method: Record | None = None,
    **columns: Any,
) -> Record:
    """A subscription with order and card, ten days old. A `failed_charge` one gets its case from `an_open_case`."""
    customer = customer or await a_customer(marketplace)
    product = product or await a_product(marketplace)
    order = order or await an_order(marketplace, customer, product)
    payment_method = payment_method or await a_payment_method(marketplace, customer)
    started_at = now() - timedelta(days=10)
    given = {
        "marketplace_id": marketplace.id,
        "number": await _number(marketplace, "subscription"),
        "customer_id": customer["id"],
        "product_id": product["id"],
        "order_id": order["id"],
        "payment_method_id": payment_method["id"],
        "amount_minor": product["amount_minor"],
        "currency": product["currency"],
        "interval_unit": product["interval_unit"],
        "interval_count": product["interval_count"],
        "payments_total": product["payments"],
        "payments_made": product["payments"] if state == "completed" and product["payments"] else 1,
        "started_at": started_at,
        "anchor_at": started_at,
        "next_period": 1,
        "next_charge_at": started_at + timedelta(days=30) if state == "active" else None,
        "ended_at": now() if state in ("cancelled", "completed") else None,
    }
    return await _born(SUBSCRIPTION, {**given, **columns}, state)


async def an_open_case(subscription: Record, **columns: Any) -> Record:
    """The open dunning case of a `failed_charge` subscription, one attempt made, the next in three days."""
    given = {
        "marketplace_id": subscription["marketplace_id"],
        "subscription_id": subscription["id"],
        "period": subscription["next_period"],
        "amount_minor": subscription["amount_minor"],
        "currency": subscription["currency"],
        "policy": {"attempt_days": [1, 4, 8, 15], "end": "cancel"},
        "opened_at": now(),
        "attempts_made": 1,
        "next_attempt_at": now() + timedelta(days=3),
        "last_decline_code": "insufficient_funds",
    }
    state = columns.pop("state", "open")
    return await _born(DUNNING_CASE, {**given, **columns}, state)


async def a_charge(
    marketplace: Marketplace,
    *,
    state: str = "succeeded",
    subscription: Record | None = None,
    order: Record | None = None,
    **columns: Any,
) -> Record:
    """A charge of a subscription's next uncharged period, or without one of an order of its own."""
    if order is None:
        order = await _order_of(subscription) if subscription else await an_order(marketplace)
    amount = columns.get("amount_minor", (subscription or order)["amount_minor"])
    given: dict[str, Any] = {
        "marketplace_id": marketplace.id,
        "customer_id": order["customer_id"],
        "order_id": order["id"],
        "order_number": order["number"],
        "initiator": "schedule" if subscription else "order",
        "amount_minor": amount,
        "refunded_minor": {"refunded": amount, "partially_refunded": amount // 2}.get(state, 0),
        "currency": order["currency"],
        "gateway": "sandbox",
        "attempted_at": now(),
        "submitted_at": None if state == "pending" else now(),
        "paid_at": now() if state in _PAID else None,
        "decline_code": "generic_decline" if state == "failed" else None,
    }
    if subscription is not None:
        given |= {"subscription_id": subscription["id"], "payment_method_id": subscription["payment_method_id"]}
        given["period"] = await fetch_value(
            "SELECT coalesce(max(period) + 1, 0) FROM charge WHERE marketplace_id = $1 AND subscription_id = $2",
            marketplace.id,
            subscription["id"],
        )
    return await _born(CHARGE, {**given, **columns}, state)


async def a_refund(charge: Record, **columns: Any) -> Record:
    """A refund of a charge that the gateway has not answered yet."""
    given = {"marketplace_id": charge["marketplace_id"], "charge_id": charge["id"], "amount_minor": 100}
    return await _insert("refund", {**given, "requested_by": "staff:factory", **columns})


async def a_link(
    marketplace: Marketplace,
    *,
    customer: Record | None = None,
    subscription: Record | None = None,
    state: str = "issued",
    lifetime: timedelta = timedelta(hours=1),
    **columns: Any,
) -> Record:
    """An access link of a customer; with a subscription the card-update link of that one."""
    if customer is None and subscription is None:
        customer = await a_customer(marketplace)
    customer_id = customer["id"] if customer else subscription["customer_id"] if subscription else None
    given = {
        "marketplace_id": marketplace.id,
        "purpose": "card_update" if subscription else "portal",
        "customer_id": customer_id,
        "subscription_id": subscription["id"] if subscription else None,
        "nonce": secrets.token_bytes(16),
        "key_id": "test",
        "expires_at": now() + lifetime,
    }
    link = await create(ACCESS_TOKEN, {**given, **columns}, BY_WORKER)
    if state == "issued":
        return link
    return await fire(ACCESS_TOKEN, marketplace.id, link["id"], _LINK_MOVES[state], BY_WORKER)


async def a_session(
    marketplace: Marketplace, customer: Record, *, expires_at: datetime | None = None, **columns: Any
) -> tuple[str, Record]:
    """A customer's live session and its cookie's token, with the redeemed link it came from."""
    link = await a_link(marketplace, customer=customer, state="redeemed")
    token = secrets.token_urlsafe(32)
    given = {
        "marketplace_id": marketplace.id,
        "customer_id": customer["id"],
        "access_token_id": link["id"],
        "digest": hashlib.sha256(token.encode()).digest(),
        "started_at": now(),
        "expires_at": expires_at or now() + timedelta(minutes=30),
    }
    return token, await create(PORTAL_SESSION, {**given, **columns}, BY_WORKER)


async def a_staff_link(marketplace: Marketplace, member: Record, *, state: str = "issued", **columns: Any) -> Record:
    """An access link to the console."""
    given: dict[str, Any] = {"purpose": "staff", "customer_id": None, "staff_id": member["id"], **columns}
    return await a_link(marketplace, customer=member, state=state, **given)


async def a_staff_session(
    marketplace: Marketplace, member: Record, *, expires_at: datetime | None = None, **columns: Any
) -> tuple[str, Record]:
    """A live session in the console and its cookie's token."""
    link = await a_staff_link(marketplace, member, state="redeemed")
    token = secrets.token_urlsafe(32)
    given = {
        "marketplace_id": marketplace.id,
        "staff_id": member["id"],
        "access_token_id": link["id"],
        "digest": hashlib.sha256(token.encode()).digest(),
        "started_at": now(),
        "expires_at": expires_at or now() + timedelta(hours=8),
    }
    return token, await create(PORTAL_SESSION, {**given, **columns}, BY_WORKER)


_LINK_MOVES = {"redeemed": "redeem", "expired": "revoke"}


async def _born(machine: StateMachine, columns: Mapping[str, Any], state: str) -> Record:
    if state == machine.initial:
        return await create(machine, columns, BY_WORKER)
    return await create(machine, columns, IMPORTED, state=state)


async def _order_of(subscription: Record) -> Record:
    row = await fetch_row(
        "SELECT * FROM customer_order WHERE marketplace_id = $1 AND id = $2",
        subscription["marketplace_id"],
        subscription["order_id"],
    )
    assert row is not None
    return row


async def _insert(table: str, columns: Mapping[str, Any]) -> Record:
    places = ", ".join(f"${position}" for position in range(1, len(columns) + 1))
    row = await fetch_row(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) RETURNING *", *columns.values()
    )
    assert row is not None
    return row


async def _number(marketplace: Marketplace, series: str) -> int:
    number: int = await fetch_value(
        "INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($1, $2, 1) ON CONFLICT"
        " (marketplace_id, series) DO UPDATE SET last_number = series.last_number + 1 RETURNING last_number",
        marketplace.id,
        series,
    )
    return number
