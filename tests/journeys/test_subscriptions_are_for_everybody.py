"""Subscriptions and the Summary, judged as all pages are: light on a desk, dark on a phone of 360 pixels."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser

from models.database import fetch_value, transaction
from tests.factories import (
    BY_WORKER,
    a_charge,
    a_customer,
    a_marketplace,
    a_product,
    a_staff_member,
    a_staff_session,
    a_subscription,
    an_open_case,
)
from tests.journeys.conftest import Deployment
from tests.journeys.judging import judge
from workflows.engine.fire import fire
from workflows.invoices.issue import issue_invoice
from workflows.machines import DOCUMENT
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now


async def _paths(shop: Marketplace) -> list[str]:
    """Each page, with something of everything on it."""
    address = "jane.with.an.address.of.more.letters.than.a.table.has.room.for@accounts.of.a.university.example.com"
    jane = await a_customer(shop, email=address, name="Jane")
    club = await a_product(
        shop, name="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    )
    failed = await a_subscription(shop, customer=jane, state="failed_charge", product=club)
    case = await an_open_case(failed)
    paid = await a_charge(shop, subscription=failed)
    await a_charge(shop, subscription=failed, state="failed", dunning_case_id=case["id"])
    async with transaction():
        await issue_invoice(shop.id, paid["id"], BY_WORKER.by)
        document = await fetch_value("SELECT id FROM document WHERE marketplace_id = $1", shop.id)
        await fire(DOCUMENT, shop.id, document, "give_up", BY_WORKER)
    active = await a_subscription(shop, customer=jane)
    ending = await a_subscription(shop, customer=jane, cancel_at=now() + timedelta(days=2))
    cancelled = await a_subscription(shop, customer=jane, state="cancelled", ended_at=now() - timedelta(minutes=5))
    late = await a_charge(shop, subscription=cancelled)
    gone = {"undeliverable": "hard_bounce", "undeliverable_reason": "user_unknown", "undeliverable_since": now()}
    unreachable = await a_subscription(shop, customer=await a_customer(shop, email="gone@example.com", **gone))
    return [
        "",
        "?search=nobody",
        "?from=2026-02-31&to=x",
        *(f"/{one['number']}" for one in (failed, ending, cancelled)),
        *(
            f"/{active['number']}/{page}"
            for page in ("next-charge", "cancel", "customer", "customer/erase", "billing-details")
        ),
        f"/{(await a_subscription(shop, state='cancelled'))['number']}/customer/erase",
        f"/{failed['number']}/retry",
        f"/{unreachable['number']}",
        f"/{cancelled['number']}/restart",
        f"/{cancelled['number']}/charges/{late['id']}/refund",
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
async def test_each_page(chromium: Browser, shop_floor: Deployment, scheme: Any, width: int) -> None:
    shop = await a_marketplace()
    token, _ = await a_staff_session(shop, await a_staff_member(shop))
    home = f"/console/{shop.slug}"
    context = await chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    await context.add_cookies([{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": home}])
    page = await context.new_page()
    try:
        for path in await _paths(shop):
            await judge(page, f"{shop_floor.url}{home}/subscriptions{path}", shop_floor, widths=(width,))
    finally:
        await context.close()
