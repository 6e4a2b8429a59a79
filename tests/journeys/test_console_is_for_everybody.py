"""Each page of the console is judged as the portal's are: light on a desk, dark on a phone of 360 pixels.

A new page joins the list here.
"""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect
from pyotp.totp import TOTP

from models.database import Record, execute
from tests.factories import (
    BY_WORKER,
    a_charge,
    a_marketplace,
    a_staff_link,
    a_staff_member,
    a_staff_session,
    a_subscription,
    an_import,
    an_open_case,
)
from tests.journeys.conftest import Deployment
from tests.journeys.judging import judge
from tests.journeys.waiting import until
from tests.webhook_rows import a_delivery, an_endpoint
from workflows.access.api_keys import create_key, revoke_key
from workflows.access_tokens.one_time_links import link_text
from workflows.audit.invariants.check import check_facts
from workflows.audit.review.daily_counts import count_moves
from workflows.engine.fire import fire
from workflows.machines import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from workflows.marketplaces.logos import set_logo
from workflows.marketplaces.tenant import Marketplace
from workflows.operations.marketplace_setup import SET_UP
from workflows.runtime.clock import now


class Look(NamedTuple):
    """How the pages are looked at."""

    scheme: str
    width: int


_FROM_MIDDLE = """
(box) => {
  const [frame, begin] = [box, box.querySelector(".begin")].map((element) => element.getBoundingClientRect());
  return Math.abs(begin.left + begin.width / 2 - frame.left - frame.width / 2);
}
"""
LOOKS = (Look("light", 1280), Look("dark", 360))


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look.scheme}-{look.width}")
def look(request: pytest.FixtureRequest) -> Look:
    return request.param


@pytest.fixture
async def page(look: Look, chromium: Browser) -> AsyncIterator[Page]:
    scheme = "dark" if look.scheme == "dark" else "light"
    context = await chromium.new_context(color_scheme=scheme, viewport={"width": look.width, "height": 800})
    context.set_default_timeout(20_000)
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def shop(shop_floor: Deployment) -> Marketplace:
    return await a_marketplace()


@pytest.fixture
async def owner(shop: Marketplace) -> Record:
    return await a_staff_member(shop, email="olive.owner.of.all@harbour-records.example", name="Olive Owner")


async def _sign_in(page: Page, shop: Marketplace, member: Record) -> None:
    token, _ = await a_staff_session(shop, member)
    await page.context.add_cookies(
        [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/console/{shop.slug}"}]
    )


async def test_before_signing_in(
    page: Page, look: Look, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    home = f"{shop_floor.url}/console/{shop.slug}"
    used = await a_staff_link(shop, owner, state="redeemed")
    for path in ("", f"/access/{link_text(await a_staff_link(shop, owner))}", f"/access/{link_text(used)}"):
        await judge(page, f"{home}{path}", shop_floor, widths=(look.width,))


async def test_each_page_inside(
    page: Page, look: Look, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    home = f"{shop_floor.url}/console/{shop.slug}"
    other = await a_staff_member(shop, role="support", name="A rather long name of somebody in support")
    live = await create_key(shop.id, "Checkout")
    await revoke_key(shop.id, (await create_key(shop.id, "Old checkout", ("orders:write",))).id)
    for state in ("recovered", "exhausted"):
        await an_open_case(await a_subscription(shop), state=state, amount_minor=123456789)
    await check_facts(full=True)  # the cases above have no failed subscriptions
    await _sign_in(page, shop, owner)

    await judge(page, f"{home}/clock", shop_floor, widths=(look.width,))  # while it is a sandbox
    for path in (
        "/apps",
        "/apps?search=nothing",
        "/apps/customer-portal",
        "/general",
        "/documents",
        "/documents?from=nonsense",
        "/people",
        f"/people/{other['id']}",
        f"/people/{other['id']}/remove",
        f"/people/{other['id']}/second-factor",
        "/api-keys",
        "/api-keys/new",
        f"/api-keys/{live.id}/revoke",
        "/webhooks",
        "/webhooks/new",
        *await _webhook_pages(shop),
        "/facts",
        "/account",
        "/account/second-factor",
        "/sessions",
        "/saver",
        "/saver/texts",
        "/emails",
        "/emails/failed_charge?language=de&width=phone",
        "/emails/failed_charge/reset",
        "/emails/staff_more",
        "/saver/report",
        *await _import_pages(shop),
    ):
        await judge(page, f"{home}{path}", shop_floor, widths=(look.width,))

    await page.goto(f"{home}/people")
    await page.get_by_label("E-mail").fill("nonsense")
    await page.get_by_role("button", name="Send Invitation").click()
    await expect(page.get_by_text("Enter an e-mail address")).to_be_visible()
    await judge(page, None, shop_floor, widths=(look.width,))

    await page.goto(f"{home}/api-keys/new")
    await page.get_by_label("Name").fill("Shop")
    await page.get_by_label("orders:write").check()
    await page.get_by_role("button", name="Make Key").click()
    await expect(page.get_by_role("heading", name="Keep this key now")).to_be_visible()
    await judge(page, None, shop_floor, widths=(look.width,))


async def _webhook_pages(shop: Marketplace) -> list[str]:
    """An endpoint of a long address that fails, one that is off, and a delivery that nobody took."""
    failing, _ = await an_endpoint(shop, "https://shop.example.com/webhooks/of/a/long/path?and=parameters")
    await execute("UPDATE webhook_endpoint SET failing_since = now() WHERE id = $1", failing["id"])
    off, _ = await an_endpoint(shop, description="The old shop", event_types=["charge.failed", "charge.refunded"])
    await fire(WEBHOOK_ENDPOINT, shop.id, off["id"], "give_up", BY_WORKER)
    delivery = await a_delivery(failing, attempts=1, next_attempt_at=now() + timedelta(hours=2))
    await execute(
        "INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status, answer)"
        " VALUES ($1, $2, 1, now(), 1234, 500, '<h1>Internal Server Error</h1>')",
        shop.id,
        delivery["id"],
    )
    refused = await a_delivery(failing, attempts=10)
    await fire(WEBHOOK_DELIVERY, shop.id, refused["id"], "give_up", BY_WORKER)
    one = f"/webhooks/{failing['id']}"
    return [one, f"{one}/edit", f"{one}/remove", f"/webhooks/{off['id']}", f"/webhooks/deliveries/{delivery['id']}"]


async def _import_pages(shop: Marketplace) -> list[str]:
    """The ways to begin beside one that was stopped; one that waits, with a line in its report."""
    await execute("UPDATE marketplace SET gateway = 'stripe', sandbox = false WHERE id = $1", shop.id)
    run = await an_import(
        shop, step="store orders", ended_at=now(), outcome="stopped", progress={"charges": {"read": 1234, "refused": 1}}
    )
    await execute(
        "INSERT INTO import_row (marketplace_id, run_id, kind, reference, refused_column, refused_reason)"
        " VALUES ($1, $2, 'charges', 'ch_3PqR7sLkdIwHu7ix0a1b2c3d', 'amount', 'is in a currency that differs')",
        shop.id,
        run["id"],
    )
    return ["/imports", f"/imports/{run['id']}"]


async def test_on_a_tablet_a_wide_table_moves_in_its_own_box(
    chromium: Browser, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    await create_key(shop.id, "Checkout")
    context = await chromium.new_context(viewport={"width": 768, "height": 1024})
    page = await context.new_page()
    await _sign_in(page, shop, owner)

    await page.goto(f"{shop_floor.url}/console/{shop.slug}/api-keys")

    box = page.locator(".card.table")
    assert await box.evaluate("(box) => box.scrollWidth > box.clientWidth")
    assert await page.evaluate("document.documentElement.scrollWidth") == 768
    await context.close()


async def test_on_a_phone_a_wide_logo_stands_for_the_name_which_is_read_out(
    chromium: Browser, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (300, 100), "red").save(picture, "PNG")
    await set_logo(shop.id, "image/png", picture.getvalue(), SET_UP)
    context = await chromium.new_context(viewport={"width": 360, "height": 800})
    page = await context.new_page()
    await _sign_in(page, shop, owner)

    await page.goto(f"{shop_floor.url}/console/{shop.slug}/apps")

    bar = page.get_by_role("banner")
    assert await bar.evaluate("(bar) => bar.offsetHeight") <= 64  # one line
    logo, menu = await bar.locator("img").bounding_box(), await bar.get_by_role("link", name="Menu").bounding_box()
    assert logo is not None
    assert menu is not None
    assert logo["x"] + logo["width"] < menu["x"]
    assert shop.name in await bar.inner_text()
    await context.close()


async def test_what_a_role_may_not_see(
    page: Page, look: Look, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    await _sign_in(page, shop, await a_staff_member(shop, role="auditor"))

    await judge(page, f"{shop_floor.url}/console/{shop.slug}/people", shop_floor, widths=(look.width,))
    await expect(page.get_by_role("heading", name="Your role does not allow this")).to_be_visible()


async def test_the_auditors_pages(
    page: Page, look: Look, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    home = f"{shop_floor.url}/console/{shop.slug}/audit"
    subscription = await a_subscription(shop, state="failed_charge")
    await a_charge(shop, subscription=subscription, state="failed")
    await an_open_case(subscription)
    await count_moves()
    await _sign_in(page, shop, await a_staff_member(shop, role="auditor"))
    await page.goto(f"{shop_floor.url}/portal/{shop.slug}/access/nonsense")  # refused

    for path in (
        "",
        "?machine=spaceship&entity=nonsense&from=2026-02-30",
        f"/rows/subscription/{subscription['id']}/1",
        f"/subscriptions/{subscription['number']}",
        "/cycles/charge",
        "/access",
    ):
        await judge(page, f"{home}{path}", shop_floor, widths=(look.width,))
    await page.goto(f"{home}/cycles/charge")
    await expect(page.locator(".cycle .begin")).to_be_in_viewport()
    assert await page.locator(".scrolls").evaluate(_FROM_MIDDLE) < look.width / 2, "a picture opens where it begins"


async def test_from_the_login_page_by_e_mail_and_by_an_app(
    page: Page, look: Look, shop_floor: Deployment, shop: Marketplace, owner: Record
) -> None:
    """Signs in by e-mail, sets up an app, signs out, and is asked for its code."""
    home = f"{shop_floor.url}/console/{shop.slug}"
    await _ask_and_follow(page, shop_floor, home, owner["email"])
    await expect(page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()

    await page.goto(f"{home}/account/second-factor")
    await page.get_by_role("button", name="Set Up").click()
    secret = await page.locator(".secret").inner_text()
    await judge(page, None, shop_floor, widths=(look.width,))
    await page.get_by_label("Code").fill(TOTP(secret).at(now()))
    await page.get_by_role("button", name="Turn On").click()
    await expect(page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    await judge(page, None, shop_floor, widths=(look.width,))
    recovery = await page.locator(".codes code").first.inner_text()

    if look.width < 880:
        await page.get_by_role("link", name="Menu").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You have signed out.")).to_be_visible()
    await _ask_and_follow(page, shop_floor, home, owner["email"])
    await expect(page.get_by_role("heading", name="One more thing")).to_be_visible()
    await judge(page, None, shop_floor, widths=(look.width,))
    await page.get_by_label("Code").fill(recovery)
    await page.get_by_role("button", name="Sign In").click()
    await expect(page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()


async def _ask_and_follow(page: Page, deployment: Deployment, home: str, email: str) -> None:
    """Asks for a link and opens the newest e-mail; in this browser Continue is pressed by itself."""
    before = {found["id"] for found in await _emails(page, deployment, email)}
    await page.goto(home)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("button", name="Send Access Link").click()
    await expect(page.get_by_role("status")).to_contain_text("Check your e-mail")

    async def arrived() -> dict[str, str] | None:
        return next((found for found in await _emails(page, deployment, email) if found["id"] not in before), None)

    found = await until(arrived, "the access link")
    await page.goto(f"{deployment.url}/inbox/{found['id']}")
    await page.frame_locator("iframe").locator("a.button").click()


async def _emails(page: Page, deployment: Deployment, email: str) -> list[dict[str, str]]:
    answer = await page.request.get(f"{deployment.url}/inbox.json")
    found: list[dict[str, str]] = await answer.json()
    return [one for one in found if one["to"] == email and one["template"] == "staff_access_link"]
