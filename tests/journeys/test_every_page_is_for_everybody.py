"""Each page: no accessibility violation (axe-core, WCAG 2.2 AA), nothing from elsewhere, at most 30 KB over the wire.

In light and dark, at 320 and 1280 pixels.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Response, Route

from models.database import Record, fetch, transaction
from tests.factories import (
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_product,
    a_session,
    a_subscription,
    an_open_case,
    an_order,
)
from tests.fakes.stripe.fake import FakeStripe
from tests.journeys.conftest import Deployment
from tests.journeys.waiting import until
from workflows.actor import Actor
from workflows.clock import now
from workflows.invoices import issue_invoice
from workflows.links import link_text
from workflows.portal_views import Marketplace

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (320, 1280)
SCHEMES = ("light", "dark")
LIMIT = 30_000  # bytes over the wire, headers and all
TARGET = 44  # pixels: what a thumb needs


class Wire:
    """What a page costs: every response's bytes, and where it came from."""

    def __init__(self, page: Page) -> None:
        self.responses: list[Response] = []
        page.on("response", self._keep)

    def _keep(self, response: Response) -> None:
        self.responses.append(response)

    async def bytes(self) -> int:
        sizes = [await response.request.sizes() for response in self.responses]
        return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)

    def hosts(self) -> set[str]:
        return {urlsplit(response.url).netloc for response in self.responses}


@pytest.fixture
async def shop(shop_floor: Deployment) -> Marketplace:
    return await a_marketplace(
        self_cancellation=True,
        show_address=True,
        show_support_email=True,
        address="1 Analytical Row\nLondon",
        social_links=["https://www.instagram.com/ada/"],
    )


@pytest.fixture
async def customer(shop: Marketplace) -> Record:
    """One of everything: each state, a trial, a limited plan, payments of each status, one with an invoice."""
    jane = await a_customer(shop, email="jane.with.a.rather.long.address@example.com")
    failed = await a_subscription(shop, customer=jane, state="failed_charge")
    case = await an_open_case(failed)
    await a_charge(shop, subscription=failed, state="failed", dunning_case_id=case["id"])
    await a_subscription(shop, customer=jane)
    await a_subscription(shop, customer=jane, state="cancelled")
    limited = await a_product(shop, kind="limited", name="Six lessons in analytical engines, by post")
    await a_subscription(shop, customer=jane, product=limited)
    trial_ends = now() + timedelta(days=5)
    await a_subscription(
        shop, customer=jane, trial_ends_at=trial_ends, next_charge_at=trial_ends, next_period=0, payments_made=0
    )
    for state in ("succeeded", "refunded", "partially_refunded", "disputed"):
        charge = await a_charge(shop, order=await an_order(shop, jane), state=state)
    async with transaction():
        await issue_invoice(shop.id, charge["id"], Actor("worker", "journey"))
    return jane


@pytest.fixture(params=SCHEMES)
async def page(request: pytest.FixtureRequest, chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context(color_scheme=request.param)
    context.set_default_timeout(20_000)
    yield await context.new_page()
    await context.close()


async def test_pages_before_signing_in(page: Page, shop_floor: Deployment, shop: Marketplace, customer: Record) -> None:
    home = f"{shop_floor.url}/portal/{shop.slug}"
    failed = (await fetch("SELECT * FROM subscription WHERE customer_id = $1 ORDER BY number", customer["id"]))[0]
    old = await a_link(shop, customer=customer, state="expired")
    card = f"{home}/card/{link_text(await a_link(shop, subscription=failed))}"
    for path in (
        f"{shop_floor.url}/",
        home,
        f"{home}/access/{link_text(await a_link(shop, customer=customer))}",
        f"{home}/access/{link_text(old)}",
        card,
        f"{home}/nothing",
    ):
        await _judge(page, path, shop_floor)

    await page.goto(home)
    await page.get_by_label("E-mail").fill("nonsense")
    await page.get_by_role("button", name="Send Access Link").click()
    await _judge(page, None, shop_floor)
    await page.goto(card)
    await page.get_by_label("Card number").fill("1")
    await page.get_by_role("button", name="Save card").click()
    await _judge(page, None, shop_floor)
    for name, value in (("Card number", "4242 4242 4242 4242"), ("Expiry", "04/35"), ("Security code", "123")):
        await page.get_by_label(name).fill(value)
    await page.get_by_role("button", name="Save card").click()
    await page.wait_for_url("**/card-updated")
    await _judge(page, None, shop_floor)


async def test_pages_inside(page: Page, shop_floor: Deployment, shop: Marketplace, customer: Record) -> None:
    home = f"{shop_floor.url}/portal/{shop.slug}"
    token, _ = await a_session(shop, customer)
    await page.context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/portal/{shop.slug}"}]
    )
    active = (await fetch("SELECT * FROM subscription WHERE state = 'active' AND customer_id = $1", customer["id"]))[0]
    for path in (
        "subscriptions",
        f"subscriptions/{active['number']}/cancel",
        "payments",
        "payments?sort=price&order=asc",
        "contact",
        "sessions",
        "invoices/INV-999999.pdf",
    ):
        await _judge(page, f"{home}/{path}", shop_floor)

    await page.goto(f"{home}/subscriptions")
    await page.get_by_role("link", name="Cancel subscription").first.click()
    await _judge(page, None, shop_floor)


async def test_pages_around_the_gateways_own(
    page: Page, shop_floor: Deployment, shop: Marketplace, customer: Record, stripe_account: FakeStripe
) -> None:
    """With what makes a page go on by itself taken out, so that it stands still while it is looked at."""

    async def stand_still(route: Route) -> None:
        answer = await route.fetch(max_redirects=0)
        headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
        await route.fulfill(response=answer, headers=headers)

    async def stay_here(route: Route) -> None:
        await route.fulfill(status=204)

    await page.route(re.compile(r"/(card-saved|confirmed)$"), stand_still)
    await page.route(f"{stripe_account.url}/**", stay_here)
    live = await a_marketplace(gateway="stripe", sandbox=False)
    home = f"{shop_floor.url}/portal/{live.slug}"
    owed = await a_subscription(live, state="failed_charge")
    await an_open_case(owed)
    await _judge(page, f"{home}/card-saved", shop_floor)
    await _judge(page, f"{home}/card/{link_text(await a_link(live, subscription=owed))}", shop_floor)
    await page.get_by_role("button", name="Enter a new card").click()
    await page.get_by_role("heading", name="On to the payment provider").wait_for()
    await _judge(page, None, shop_floor)
    await _judge(page, f"{home}/card-saved", shop_floor)
    assert await page.get_by_role("heading", name="Your card is being saved").is_visible()

    waits = await a_subscription(shop, customer=customer, state="failed_charge")
    case = await an_open_case(waits, last_decline_code="authentication_required")
    await a_charge(shop, subscription=waits, state="action_required", dunning_case_id=case["id"])
    token, _ = await a_session(shop, customer)
    await page.context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/portal/{shop.slug}"}]
    )
    inside = f"{shop_floor.url}/portal/{shop.slug}/subscriptions"
    await _judge(page, inside, shop_floor)
    assert await page.get_by_role("button", name="Confirm payment").is_visible()
    await _judge(page, f"{inside}/{waits['number']}/confirmed", shop_floor)
    assert await page.get_by_role("heading", name="Waiting for your bank").is_visible()


async def test_the_inbox(page: Page, shop_floor: Deployment, shop: Marketplace, customer: Record) -> None:
    await page.goto(f"{shop_floor.url}/portal/{shop.slug}")
    await page.get_by_label("E-mail").fill(customer["email"])
    await page.get_by_role("button", name="Send Access Link").click()

    async def email() -> Record | None:
        found = await fetch("SELECT * FROM captured_email WHERE recipient = $1", customer["email"])
        return found[0] if found else None

    found = await until(email, "the access link")
    assert found is not None
    await _judge(page, f"{shop_floor.url}/inbox", shop_floor, limit=10 * LIMIT)  # as long as the tests before made it
    await _judge(page, f"{shop_floor.url}/inbox/{found['id']}", shop_floor)


async def _judge(page: Page, address: str | None, deployment: Deployment, limit: int = LIMIT) -> None:
    """Looks at an address, or at what the page shows now, at each width."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 800})
        if address is not None:
            await _weigh(page, address, deployment, limit)
        where = f"{page.url} at {width}"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{where} scrolls sideways"
        found = await Axe().run(page, options={"runOnly": {"type": "tag", "values": STANDARD}})
        assert found.violations_count == 0, f"{where}: {found.generate_report()}"
        assert await page.evaluate(_SMALL_TARGETS, TARGET) == [], f"{where} has targets too small for a thumb"


async def _weigh(page: Page, address: str, deployment: Deployment, limit: int) -> None:
    wire = Wire(page)
    network = await page.context.new_cdp_session(page)
    await network.send("Network.setCacheDisabled", {"cacheDisabled": True})  # as at the first visit
    await page.context.clear_cookies(name="gatehouse_notice")
    await page.goto(address, wait_until="load")
    await network.detach()
    assert wire.hosts() == {urlsplit(deployment.url).netloc}, address
    assert await wire.bytes() <= limit, f"{address}: {await wire.bytes()} bytes"


# Links inside a sentence are exempt (WCAG 2.5.8).
_SMALL_TARGETS = """
(least) => [...document.querySelectorAll("a, button, input, summary")]
  .filter((element) => element.checkVisibility() && element.type !== "hidden")
  .filter((element) => !element.closest("p, .plain-text") || element.matches(".button, .target"))
  .filter((element) => !element.matches(".skip"))
  .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least - 0.5))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)
"""
