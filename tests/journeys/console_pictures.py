"""Takes the pictures of docs/console.md, and writes that page: `./gatehouse test tests/journeys/console_pictures.py`.

Not a test: pytest finds it when it is named, and then it starts all that a journey needs. What is shown is made up by
pictured_shop.py, so that pictures differ where pages do.
"""

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from PIL import Image
from playwright.async_api import Browser, Page
from pyotp.totp import TOTP

from cli.paths import ROOT
from models.database import execute
from tests.factories import BY_WORKER
from tests.journeys.conftest import Deployment
from tests.journeys.pictured_shop import PicturedShop, a_pictured_shop
from workflows.clock import now
from workflows.importing.account_run import stop
from workflows.portal_views import Marketplace
from workflows.two_factor import forget_factor

_FOLDER = ROOT / "docs" / "pictures" / "console"
_PAGE = ROOT / "docs" / "console.md"
_SIZES = {1280: 860, 360: 760}  # pixels: a desk, a phone
_COLOURS = 48
_HEAD = """# The console, page by page

What a merchant's people see, at `/console/{slug}`: on a desk, and on a phone of 360 pixels. What each role may do is in
[roles.md](roles.md). `./gatehouse test tests/journeys/console_pictures.py` takes the pictures, and writes this page.
"""


class Pictured(NamedTuple):
    """A page: the name of its pictures, its path under /console/{slug} with fields of PicturedShop, what it is for."""

    name: str
    path: str
    says: str


AT_THE_DOOR = (
    Pictured("login", "", "Getting in: an access link by e-mail, as customers do."),
    Pictured("access", "/access/{link}", "The link is spent by Continue, not by whoever opens it."),
)
INSIDE = (
    Pictured("subscriptions", "/subscriptions", "Three data cards, and the list by start, state and search."),
    Pictured(
        "summary",
        "/subscriptions/{failed[number]}",
        "One subscription: what is owed, what can be done, every charge, its story.",
    ),
    Pictured(
        "cancel",
        "/subscriptions/{active[number]}/cancel",
        "Cancelling asks when, and says what it does and does not do.",
    ),
    Pictured("next-charge", "/subscriptions/{active[number]}/next-charge", "The next billing date, moved."),
    Pictured("retry", "/subscriptions/{failed[number]}/retry", "What is owed, charged now."),
    Pictured(
        "restart",
        "/subscriptions/{cancelled[number]}/restart",
        "A cancelled one is restarted: what is charged is said first.",
    ),
    Pictured(
        "refund",
        "/subscriptions/{cancelled[number]}/charges/{payment[id]}/refund",
        "A payment given back, in full or in part.",
    ),
    Pictured("customer", "/subscriptions/{active[number]}/customer", "A customer's address, corrected."),
    Pictured("apps", "/apps", "The apps of the marketplace."),
    Pictured(
        "portal-settings",
        "/apps/customer-portal",
        "Customer Portal settings, with the portal as customers would see it.",
    ),
    Pictured("saver", "/saver", "The Subscription Saver: the retry policy, drawn as a schedule."),
    Pictured("saver-texts", "/saver/texts", "Its e-mails."),
    Pictured("saver-report", "/saver/report", "What failed, was recovered and was lost, by month and by attempt."),
    Pictured("general", "/general", "The marketplace itself, and its logo."),
    Pictured("emails", "/emails", "Every e-mail, and when it is sent."),
    Pictured("email", "/emails/failed_charge", "One, in the merchant's own words, with preview and test."),
    Pictured("email-reset", "/emails/failed_charge/reset", "Going back to the default's words is asked about."),
    Pictured("people", "/people", "Who works here, and an invitation."),
    Pictured("person", "/people/{support[id]}", "One person and their role."),
    Pictured("person-remove", "/people/{support[id]}/remove", "Removing somebody says what ends."),
    Pictured("api-keys", "/api-keys", "API keys, with their last use."),
    Pictured("api-key-new", "/api-keys/new", "A key is made with the scopes that its program needs."),
    Pictured("api-key-revoke", "/api-keys/{key.id}/revoke", "A key is revoked for good."),
    Pictured("webhooks", "/webhooks", "Where events are sent."),
    Pictured("webhook-new", "/webhooks/new", "A new endpoint chooses its events."),
    Pictured("webhook", "/webhooks/{endpoint[id]}", "One endpoint, and the log of what was sent to it."),
    Pictured(
        "webhook-delivery",
        "/webhooks/deliveries/{delivery[id]}",
        "One delivery: its body, its tries, and what came back.",
    ),
    Pictured("webhook-remove", "/webhooks/{endpoint[id]}/remove", "Removing an endpoint says what stops."),
    Pictured("import", "/imports/{run[id]}", "How far an import is, and what was refused."),
    Pictured("facts", "/facts", "Facts that must always hold, and whether they did."),
    Pictured("account", "/account", "One's own account: the notices that one gets."),
    Pictured("second-factor", "/account/second-factor", "An authenticator app as second factor."),
    Pictured("sessions", "/sessions", "Where one is signed in."),
)
IN_BETWEEN = (
    Pictured("clock", "/clock", "A sandbox's clock, moved ahead to watch what a year brings."),
    Pictured("api-key-made", "", "The key, shown this once."),
    Pictured("imports", "", "A merchant's past, from Stripe: the ways to begin, and what was begun."),
    Pictured("import-take-over", "", "Taking over from Stripe is asked about."),
    Pictured("second-factor-set-up", "", "The app's secret, to be scanned or typed."),
    Pictured("recovery-codes", "", "Recovery codes, shown this once."),
)


class Camera:
    """Takes a page at both sizes."""

    def __init__(self, chromium: Browser, home: str, shop: PicturedShop) -> None:
        self._chromium, self.home, self.shop = chromium, home, shop

    @asynccontextmanager
    async def open(self, width: int, *, signed_in: bool) -> AsyncGenerator[Page]:
        """A browser of that width."""
        context = await self._chromium.new_context(viewport={"width": width, "height": _SIZES[width]}, locale="en-US")
        if signed_in:
            path, token = f"/console/{self.shop.marketplace.slug}", self.shop.token
            await context.add_cookies(
                [{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": path}]
            )
        yield await context.new_page()
        await context.close()

    async def take(self, page: Page, pictured: Pictured, *, go: bool = True) -> None:
        """Of the page's address, or of what is shown now."""
        if go:
            await page.goto(self.home + pictured.path.format(**vars(self.shop)), wait_until="networkidle")
        assert page.viewport_size is not None
        shot = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
        small = shot.quantize(_COLOURS, dither=Image.Dither.NONE)
        small.save(_FOLDER / f"{pictured.name}-{page.viewport_size['width']}.png", optimize=True)


@pytest.fixture
async def camera(chromium: Browser, shop_floor: Deployment) -> Camera:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    shop = await a_pictured_shop()
    return Camera(chromium, f"{shop_floor.url}/console/{shop.marketplace.slug}", shop)


async def test_every_page_is_taken(camera: Camera) -> None:
    for width in _SIZES:
        for signed_in, pages in ((False, AT_THE_DOOR), (True, INSIDE)):
            async with camera.open(width, signed_in=signed_in) as page:
                for pictured in pages:
                    await camera.take(page, pictured)
    for width in _SIZES:
        async with camera.open(width, signed_in=True) as page:
            await _what_is_shown_in_between(camera, page)
    _PAGE.write_text(_HEAD + "".join(_section(one) for one in (*AT_THE_DOOR, *INSIDE, *IN_BETWEEN)))


async def _what_is_shown_in_between(camera: Camera, page: Page) -> None:
    clock, made, ways, asked, secret, codes = IN_BETWEEN
    await _paid_through(camera.shop.marketplace, "sandbox")
    await camera.take(page, clock)
    await _paid_through(camera.shop.marketplace, "stripe")
    await page.goto(f"{camera.home}/api-keys/new")
    await page.get_by_label("Name").fill("Warehouse")
    await page.get_by_label("orders:write").check()
    await page.get_by_role("button", name="Make Key").click()
    await camera.take(page, made, go=False)
    await stop(camera.shop.marketplace.id, camera.shop.run["id"], BY_WORKER.by)  # one at a time
    await page.goto(f"{camera.home}/imports")
    await camera.take(page, ways, go=False)
    await page.get_by_label("Import and take over").check()
    await page.get_by_role("button", name="Begin").click()
    await camera.take(page, asked, go=False)
    await forget_factor(camera.shop.marketplace.id, camera.shop.owner["id"])
    await page.goto(f"{camera.home}/account/second-factor")
    await page.get_by_role("button", name="Set Up").click()
    await camera.take(page, secret, go=False)
    await page.get_by_label("Code").fill(TOTP(await page.locator(".secret").inner_text()).at(now()))
    await page.get_by_role("button", name="Turn On").click()
    await camera.take(page, codes, go=False)


async def _paid_through(shop: Marketplace, gateway: str) -> None:
    await execute("UPDATE marketplace SET gateway = $2, sandbox = $2 = 'sandbox' WHERE id = $1", shop.id, gateway)


def _section(one: Pictured) -> str:
    wide, small = (f"pictures/console/{one.name}-{width}.png" for width in _SIZES)
    title = one.name.replace("-", " ").capitalize()
    pictures = (
        f'<img src="{wide}" width="640" alt="{title} on a desk"> <img src="{small}" width="180" alt="on a phone">'
    )
    return f"\n## {title}\n\n{one.says}\n\n{pictures}\n"
