"""An owner tries settings out: the preview beside the form follows, nothing is saved before they save it."""

from playwright.async_api import Browser, expect

from models.database import fetch_value
from tests.factories import a_marketplace, a_staff_member, a_staff_session
from tests.journeys.conftest import Deployment


async def test_the_portals_preview_follows_what_is_ticked_and_the_login_url_is_copied(
    shop_floor: Deployment, chromium: Browser
) -> None:
    shop = await a_marketplace(self_cancellation=True)
    token, _ = await a_staff_session(shop, await a_staff_member(shop))
    context = await chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    cookie = {"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": f"/console/{shop.slug}"}
    await context.add_cookies([cookie])  # pyright: ignore[reportArgumentType]
    page = await context.new_page()
    await page.goto(f"{shop_floor.url}/console/{shop.slug}/apps/customer-portal")
    portal = page.frame_locator("iframe[name=preview]")

    await expect(portal.get_by_text("Cancel subscription")).to_be_visible()
    await page.get_by_role("switch", name="Self Cancellation").uncheck()
    await expect(portal.get_by_text("Update Credit Card")).to_be_visible()
    await expect(portal.get_by_text("Cancel subscription")).to_have_count(0)
    await page.get_by_label("Preview", exact=True).select_option("contact")
    await page.get_by_label("Social link 1", exact=True).fill("https://social.example.com/@ada")
    await expect(portal.get_by_role("link", name="social.example.com/@ada")).to_be_visible()
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert await page.evaluate("navigator.clipboard.readText()") == f"{shop_floor.url}/portal/{shop.slug}"
    assert await fetch_value("SELECT self_cancellation FROM marketplace WHERE id = $1", shop.id) is True
    await page.get_by_role("button", name="Save Settings").click()
    await expect(page.get_by_text("The settings are saved")).to_be_visible()
    assert await fetch_value("SELECT self_cancellation FROM marketplace WHERE id = $1", shop.id) is False
    await context.close()
