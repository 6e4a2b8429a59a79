"""Receipts: a resent one says what the first one said, byte for byte, also when the first one's facts are deleted."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from integrations.mailers import CaptureMailer
from models.database import Record, execute, fetch, fetch_row, fetch_value
from tests.billing_model.shop import STAFF, Shop
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, an_order
from workflows.billing.emails.resend_receipt import resend_receipt
from workflows.emails.delivery.deliver import deliver_email

_PAYS, _FAILS = "4242424242424242", "4000000000000341"
_PLANS: Mapping[str, Mapping[str, Any]] = {
    "once": {"kind": "one_off"},
    "monthly": {},
    "trial with a price": {"trial_days": 5, "initial_amount_minor": 100, "interval_unit": "week"},
    "free trial": {"trial_days": 5, "interval_unit": "week"},
    "three payments": {"kind": "limited", "payments": 3, "interval_unit": "week"},
    "one payment": {"kind": "limited", "payments": 1, "interval_unit": "week"},
}


@pytest.fixture
async def shop(database: FreshDatabase) -> Shop:
    _ = database
    shop = await Shop.open()
    await execute(
        "UPDATE marketplace SET email_button = false WHERE id = $1", shop.id
    )  # its link is a new one each time
    return shop


async def _sell(shop: Shop, plan: str, card: str = _PAYS) -> None:
    await shop.offer(plan, **_PLANS[plan])
    await shop.order(plan, card)
    await _pass(shop, 35)


async def _pass(shop: Shop, days: int) -> None:
    for _ in range(days):
        await shop.let_pass(timedelta(days=1))
        await shop.bill()
        await shop.run_jobs()


async def _first_and_resent(shop: Shop) -> list[tuple[Record, Record]]:
    """Each payment's first receipt with the one that staff have sent again since."""
    pairs: list[tuple[Record, Record]] = []
    marketplace = await shop.marketplace()
    for charge in await fetch("SELECT * FROM charge WHERE state = 'succeeded' ORDER BY attempted_at"):
        causes = [f"charge:{charge['id']}", f"order:{charge['order_id']}"]
        first = await fetch_row(
            "SELECT * FROM outgoing_email WHERE cause = ANY($1) AND template LIKE '%_receipt' ORDER BY cause", causes
        )
        await resend_receipt(marketplace, charge["id"], STAFF)
        resent = await fetch_row("SELECT * FROM outgoing_email ORDER BY id DESC LIMIT 1")
        assert first is not None
        assert resent is not None
        assert resent["cause"].startswith(f"receipt:{charge['id']}:")
        pairs.append((first, resent))
    return pairs


async def _as_received(email: Record) -> tuple[str, ...]:
    await deliver_email(email["marketplace_id"], email["id"], CaptureMailer("portal@gatehouse.example"))
    row = await fetch_row("SELECT subject, html, plain FROM captured_email ORDER BY id DESC LIMIT 1")
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize("plan", _PLANS)
async def test_a_resent_receipt_is_the_first_one_byte_for_byte(shop: Shop, plan: str) -> None:
    await _sell(shop, plan)
    await execute("UPDATE product SET name = 'Renamed since'")

    pairs = await _first_and_resent(shop)

    assert len(pairs) == {"once": 1, "monthly": 2, "three payments": 3, "one payment": 1}.get(
        plan, 6 if "price" in plan else 5
    )
    for first, resent in pairs:
        assert (resent["template"], resent["context"]) == (first["template"], first["context"])
        assert await _as_received(resent) == await _as_received(first)


@pytest.mark.parametrize("plan", _PLANS)
async def test_it_is_built_anew_when_what_the_first_one_said_is_deleted(shop: Shop, plan: str) -> None:
    await _sell(shop, plan)
    said = {row["id"]: row["context"] for row in await fetch("SELECT id, context FROM outgoing_email")}
    await execute("UPDATE outgoing_email SET context = '{}'")

    for first, resent in await _first_and_resent(shop):
        assert resent["context"] == said[first["id"]]


async def test_a_payment_that_was_won_back_and_then_cancelled_keeps_its_receipt(shop: Shop) -> None:
    await _sell(shop, "monthly")
    subscription = await fetch_row("SELECT * FROM subscription")
    assert subscription is not None
    await shop.replace_card(subscription, _FAILS)
    await _pass(shop, 30)
    failed = await fetch_row("SELECT * FROM subscription")
    assert failed is not None
    assert failed["state"] == "failed_charge"
    await shop.replace_card(failed, _PAYS)
    await shop.run_jobs()
    assert await shop.cancel(failed)
    said = {row["id"]: row["context"] for row in await fetch("SELECT id, context FROM outgoing_email")}
    await execute("UPDATE outgoing_email SET context = '{}'")

    pairs = await _first_and_resent(shop)

    assert await fetch_value("SELECT state FROM subscription") == "cancelled"
    assert len(pairs) == 3
    for first, resent in pairs:
        assert resent["context"] == said[first["id"]]


async def test_a_payment_that_never_had_a_receipt_gets_one(shop: Shop) -> None:
    marketplace = await shop.marketplace()
    charge = await a_charge(marketplace, order=await an_order(marketplace, await a_customer(marketplace)))

    await resend_receipt(marketplace, charge["id"], STAFF)

    receipt = await fetch_row("SELECT template, context FROM outgoing_email")
    assert receipt is not None
    assert receipt["template"] == "order_receipt"
    assert receipt["context"]["amount_minor"] == charge["amount_minor"]
