"""Out to the gateway's own pages and back, as a browser goes, with scripts and without: no policy of ours stops it."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from models.database import fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_session, a_subscription
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.webhooks import Pump
from tests.journeys.conftest import Deployment, stripe_settings
from tests.journeys.waiting import until
from tests.web.at_stripe import a_payment_to_confirm
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
async def page(request: pytest.FixtureRequest, shop_floor: Deployment, chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context(java_script_enabled=request.param, viewport={"width": 360, "height": 740})
    context.set_default_timeout(20_000)
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def shop(shop_floor: Deployment) -> Marketplace:
    return await a_marketplace(gateway="stripe", sandbox=False)


@pytest.fixture
def pump(shop_floor: Deployment, shop: Marketplace, stripe_account: FakeStripe) -> Pump:
    """Sends Stripe's events to the shop: those of this test, not what earlier ones left."""
    sends = Pump(stripe_account, f"{shop_floor.url}/webhooks/stripe/{shop.slug}")
    sends.delivered.update(event["id"] for event in stripe_account.books.events)
    return sends


async def _tell(pump: Pump) -> None:
    """Stripe sends its events, again and again as Stripe does, until each has been taken."""

    async def told() -> bool:
        return await asyncio.to_thread(pump.deliver) == 0

    await until(told, f"Stripe's events to be taken: {pump.statuses}")


async def test_a_card_is_entered_at_the_gateway_and_shown_once_it_has_told_us(
    page: Page, shop_floor: Deployment, shop: Marketplace, stripe_account: FakeStripe, pump: Pump
) -> None:
    home = f"{shop_floor.url}/portal/{shop.slug}"
    card = f"{home}/card/{link_text(await a_link(shop, subscription=await a_subscription(shop)))}"
    await page.goto(card)
    await page.get_by_role("button", name="Enter a new card").click()
    await page.wait_for_url(f"{stripe_account.url}/**")
    await page.get_by_role("link", name="Back").click()  # thought better of it
    await expect(page).to_have_url(card)
    await page.get_by_role("button", name="Enter a new card").click()
    await page.wait_for_url(f"{stripe_account.url}/**")

    await page.get_by_label("Card number").fill("5555555555554444")
    await page.get_by_role("button", name="Save card").click()

    await expect(page).to_have_url(re.compile(rf"{home}/card-saved(\?look=[0-9]+)?$"))
    await expect(page.get_by_role("heading", name="Your card is being saved")).to_be_visible()
    await _tell(pump)
    await expect(page.get_by_role("heading", name="Your card has been updated")).to_be_visible()  # by itself
    await expect(page.get_by_text("Mastercard ending in 4444 now pays for Monthly box")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "told", "state"),
    [("Confirm", "Your payment for Monthly box is made.", "active"), ("Refuse", "was not made", "failed_charge")],
)
async def test_a_payment_is_confirmed_at_the_bank_and_shown_once_the_gateway_has_told_us(
    page: Page,
    shop_floor: Deployment,
    shop: Marketplace,
    stripe_account: FakeStripe,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    told: str,
    state: str,
) -> None:
    for name, value in stripe_settings(stripe_account).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    reference = stripe_account.books.add_customer("jane@example.com")
    customer = await a_customer(shop, gateway_reference=reference)
    subscription = await a_payment_to_confirm(
        shop, stripe_account.books.add_card(reference, "4000002760003184"), customer
    )
    token, _ = await a_session(shop, customer)
    await page.context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/portal/{shop.slug}"}]
    )

    await page.goto(f"{shop_floor.url}/portal/{shop.slug}/subscriptions")
    await page.get_by_role("button", name="Confirm payment").click()
    await page.wait_for_url(f"{stripe_account.url}/**")
    await page.get_by_role("button", name=answer).click()

    await expect(page.get_by_role("heading", name="Waiting for your bank")).to_be_visible()
    await _tell(pump)
    await expect(page.get_by_text(told)).to_be_visible()  # by itself
    await expect(page).to_have_url(f"{shop_floor.url}/portal/{shop.slug}/subscriptions")
    assert await fetch_value("SELECT state FROM subscription WHERE id = $1", subscription["id"]) == state
