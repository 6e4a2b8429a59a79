"""Each page: no accessibility violation (axe-core, WCAG 2.2 AA), nothing from elsewhere, at most 30 KB over the wire.

In light and dark, at 320 and 1280 pixels.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, Route

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
from tests.journeys.judging import LIMIT, judge
from tests.journeys.waiting import until
from workflows.access_tokens.one_time_links import link_text
from workflows.engine.actor import Actor
from workflows.invoices.issue import issue_invoice
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

SCHEMES = ("light", "dark")
_STANDING_OUT = """
(box) => [...box.querySelectorAll("td > *, .state, label, select, button")]
  .filter((element) => element.getBoundingClientRect().right > box.getBoundingClientRect().right)
  .map((element) => element.outerHTML)
"""


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
        await judge(page, path, shop_floor)

    await page.goto(home)
    await page.get_by_label("E-mail").fill("nonsense")
    await page.get_by_role("button", name="Send Access Link").click()
    await judge(page, None, shop_floor)
    await page.goto(card)
    await page.get_by_label("Card number").fill("1")
    await page.get_by_role("button", name="Save card").click()
    await judge(page, None, shop_floor)
    for name, value in (("Card number", "4242 4242 4242 4242"), ("Expiry", "04/35"), ("Security code", "123")):
        await page.get_by_label(name).fill(value)
    await page.get_by_role("button", name="Save card").click()
    await page.wait_for_url("**/card-updated")
    await judge(page, None, shop_floor)


@pytest.mark.parametrize("language", ["de", "es", "fr", "pt"])
async def test_no_language_is_too_long_for_the_table_of_payments(
    chromium: Browser, shop_floor: Deployment, shop: Marketplace, customer: Record, language: str
) -> None:
    token, _ = await a_session(shop, customer)
    context = await chromium.new_context(locale=language)
    await context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/portal/{shop.slug}"}]
    )
    page = await context.new_page()
    for width in (320, 705, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{shop_floor.url}/portal/{shop.slug}/payments")

        assert await page.locator("html").get_attribute("lang") == language
        assert await page.locator(".card.table").evaluate(_STANDING_OUT) == [], f"at {width}"
        assert await page.locator(".language").evaluate(_STANDING_OUT) == [], f"at {width}"
    await context.close()


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
        "billing-details",
        "documents",
        "documents?from=nonsense",
        "contact",
        "sessions",
        "invoices/INV-999999.pdf",
    ):
        await judge(page, f"{home}/{path}", shop_floor)

    await page.goto(f"{home}/subscriptions")
    await page.get_by_role("link", name="Cancel subscription").first.click()
    await judge(page, None, shop_floor)


@pytest.mark.parametrize("language", ["de", "es", "fr", "pt"])
async def test_the_longest_words_of_each_language_fit_a_phone(
    chromium: Browser, shop_floor: Deployment, shop: Marketplace, customer: Record, language: str
) -> None:
    """Each label of the payments in one piece, no page that scrolls sideways."""
    token, _ = await a_session(shop, customer)
    context = await chromium.new_context(locale=language, viewport={"width": 320, "height": 800})
    page, home = await context.new_page(), f"{shop_floor.url}/portal/{shop.slug}"
    await page.goto(home)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/portal/{shop.slug}"}]
    )
    for path in ("subscriptions", "payments", "sessions", "contact"):
        await page.goto(f"{home}/{path}")
        assert await page.locator("html").get_attribute("lang") == language
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert await page.evaluate(_BROKEN_LABELS) == [], path
    await context.close()


_BROKEN_LABELS = """
() => [...document.querySelectorAll(".payments td")].filter((cell) => {
  const label = getComputedStyle(cell, "::before");
  return parseFloat(label.height) > 1.5 * parseFloat(label.lineHeight);
}).map((cell) => cell.dataset.label)
"""


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
    await judge(page, f"{home}/card-saved", shop_floor)
    await judge(page, f"{home}/card/{link_text(await a_link(live, subscription=owed))}", shop_floor)
    await page.get_by_role("button", name="Enter a new card").click()
    await page.get_by_role("heading", name="On to the payment provider").wait_for()
    await judge(page, None, shop_floor)
    await judge(page, f"{home}/card-saved", shop_floor)
    assert await page.get_by_role("heading", name="Your card is being saved").is_visible()
    await judge(page, f"{home}/card-saved?look=20", shop_floor)
    assert await page.get_by_role("heading", name="This takes longer than usual").is_visible()

    waits = await a_subscription(shop, customer=customer, state="failed_charge")
    case = await an_open_case(waits, last_decline_code="authentication_required")
    await a_charge(shop, subscription=waits, state="action_required", dunning_case_id=case["id"])
    token, _ = await a_session(shop, customer)
    await page.context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/portal/{shop.slug}"}]
    )
    inside = f"{shop_floor.url}/portal/{shop.slug}/subscriptions"
    await judge(page, inside, shop_floor)
    assert await page.get_by_role("button", name="Confirm payment").is_visible()
    await judge(page, f"{inside}/{waits['number']}/confirmed", shop_floor)
    assert await page.get_by_role("heading", name="Waiting for your bank").is_visible()
    await judge(page, f"{inside}/{waits['number']}/confirmed?look=20", shop_floor)
    assert await page.get_by_role("heading", name="Your bank takes longer than usual").is_visible()


async def test_the_inbox(page: Page, shop_floor: Deployment, shop: Marketplace, customer: Record) -> None:
    await page.goto(f"{shop_floor.url}/portal/{shop.slug}")
    await page.get_by_label("E-mail").fill(customer["email"])
    await page.get_by_role("button", name="Send Access Link").click()

    async def email() -> Record | None:
        found = await fetch("SELECT * FROM captured_email WHERE recipient = $1", customer["email"])
        return found[0] if found else None

    found = await until(email, "the access link")
    assert found is not None
    await judge(page, f"{shop_floor.url}/inbox", shop_floor, limit=10 * LIMIT)  # as long as the tests before made it
    await judge(page, f"{shop_floor.url}/inbox/{found['id']}", shop_floor)
