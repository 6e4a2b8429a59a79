"""A merchant watches the whole retry policy in a minute: time moved by API, the work done by the real workers."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from models.database import close_pool, open_pool
from tests.changes_made import changes_of
from tests.factories import a_marketplace, a_staff_member, a_staff_session
from tests.journeys.conftest import Deployment
from workflows.access.api_keys import create_key

_PATIENCE = 120.0  # seconds for one call: it answers when all that fell due is done


class Merchant:
    """The API, as a merchant's program uses it."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=_PATIENCE
        )

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def subscription(self, number: int) -> Any:
        return (await self._client.get(f"/subscriptions/{number}")).json()

    async def order(self, number: str, **product: Any) -> int:
        """The number of the subscription that an order of a monthly box with that card starts."""
        customer = await self.post("/customers", email=f"ada-{number}@example.com")
        made = await self.post(
            "/products",
            **{"name": "Box", "kind": "recurring", "amount_minor": 900, "interval_unit": "month", **product},
        )
        card = {"gateway": "sandbox", "number": number, "exp_month": 12, "exp_year": 2035}
        return (await self.post("/orders", customer=customer["number"], product=made["id"], card=card))["subscription"]


@pytest.fixture
async def merchant(deployment: Deployment) -> Merchant:
    await open_pool(deployment.database_url, min_size=1, max_size=2)
    marketplace = await a_marketplace()
    key = await create_key(marketplace.id, "journey")
    await close_pool()
    return Merchant(deployment.url, key.key)


def _days(charges: list[Any]) -> list[int]:
    """On which day of its case each attempt was made, the first being day 1."""
    at = [datetime.fromisoformat(charge["attempted_at"]) for charge in charges]
    return [round((one - at[0]) / timedelta(days=1)) + 1 for one in at]


async def test_a_month_of_failing_charges_passes_in_order(deployment: Deployment, merchant: Merchant) -> None:
    number = await merchant.order("4000000000000341", trial_days=2)

    advanced = await merchant.post("/sandbox/clock", advance_days=20)

    shown = await merchant.subscription(number)
    assert shown["state"] == "cancelled"
    assert _days(shown["charges"]) == [1, 4, 8, 15]
    assert [move["trigger"] for move in advanced["happened"] if move["machine"] == "subscription"] == [
        "charge_failed",
        "cancel",
    ]
    async with httpx.AsyncClient(trust_env=False) as client:
        mails = (await client.get(f"{deployment.url}/inbox.json")).json()
    to_ada = [mail["template"] for mail in mails if mail["to"] == "ada-4000000000000341@example.com"]
    assert sorted(to_ada) == sorted(["order_receipt", *["failed_charge"] * 4, "final_notice", "subscription_cancelled"])


async def test_the_next_event_is_the_next_renewal(merchant: Merchant) -> None:
    number = await merchant.order("4242424242424242")
    due = (await merchant.subscription(number))["next_charge_at"]

    await merchant.post("/sandbox/clock", to=due)
    advanced = await merchant.post("/sandbox/clock", to_next_event=True)

    shown = await merchant.subscription(number)
    assert shown["payments_made"] == 3
    assert [charge["state"] for charge in shown["charges"]] == ["succeeded"] * 3
    assert datetime.fromisoformat(advanced["now"]) >= datetime.fromisoformat(shown["charges"][2]["attempted_at"])


async def test_a_plan_of_three_payments_ends_by_itself(merchant: Merchant) -> None:
    number = await merchant.order("5555555555554444", kind="limited", payments=3)

    await merchant.post("/sandbox/clock", advance_days=100)

    shown = await merchant.subscription(number)
    assert (shown["state"], shown["payments_made"], shown["next_charge_at"]) == ("completed", 3, None)


async def test_staff_move_it_on_its_page_and_are_told_what_happened(chromium: Browser, shop_floor: Deployment) -> None:
    shop = await a_marketplace()
    await Merchant(shop_floor.url, (await create_key(shop.id, "journey")).key).order("4242424242424242")
    token, _ = await a_staff_session(shop, await a_staff_member(shop))
    home = f"/console/{shop.slug}"
    context = await chromium.new_context()
    await context.add_cookies([{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": home}])
    page = await context.new_page()
    try:
        await page.goto(f"{shop_floor.url}{home}/clock")
        await page.get_by_role("button", name="To the next event").click()
        await expect(page.get_by_role("status")).to_contain_text("On the way: 1 charge succeeded.")
        (moved,) = await changes_of(shop.id, "sandbox_clock")
        assert (moved.actor_kind, moved.before["now"] < moved.after["now"]) == ("staff", True)
    finally:
        await context.close()
