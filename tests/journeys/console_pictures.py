"""Takes the pictures of docs/console.md, and writes that page: `./gatehouse test tests/journeys/console_pictures.py`.

Not a test: pytest finds it when it is named, and then it starts all that a journey needs. What is shown is made up by
pictured_shop.py, so that pictures differ where pages do.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page
from pyotp.totp import TOTP

from cli.paths import ROOT
from models.database import execute, fetch_value
from tests.factories import BY_WORKER, a_staff_link
from tests.journeys.conftest import Deployment
from tests.journeys.keeping import keep_picture
from tests.journeys.pictured_pages import AT_THE_DOOR, EVERY, IN_BETWEEN, INSIDE, SIZES, Pictured
from tests.journeys.pictured_shop import PicturedShop, a_pictured_shop
from tests.journeys.waiting import until
from workflows.access.second_factor_setup import forget_factor
from workflows.access_tokens.one_time_links import link_text
from workflows.audit.review.daily_counts import count_moves
from workflows.engine.outbox import stage
from workflows.importing.account.run import stop
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

_FOLDER = ROOT / "docs" / "pictures" / "console"
_PAGE = ROOT / "docs" / "console.md"
_COLOURS = 48
_HEAD = """# The console, page by page

What a merchant's people see, at `/console/{slug}`: on a desk, and on a phone of 360 pixels. What each role may do is in
[roles.md](roles.md). `./gatehouse test tests/journeys/console_pictures.py` takes the pictures, and writes this page.
"""


class Camera:
    """Takes a page at both sizes."""

    def __init__(self, chromium: Browser, home: str, shop: PicturedShop) -> None:
        self._chromium, self.home, self.shop = chromium, home, shop

    @asynccontextmanager
    async def open(self, width: int, *, signed_in: bool) -> AsyncGenerator[Page]:
        """A browser of that width."""
        context = await self._chromium.new_context(viewport={"width": width, "height": SIZES[width]}, locale="en-US")
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
        if pictured.of:
            await page.locator("svg").get_by_text(pictured.of, exact=True).scroll_into_view_if_needed()
        assert page.viewport_size is not None
        await keep_picture(page, _FOLDER / f"{pictured.name}-{page.viewport_size['width']}.png", _COLOURS)


@pytest.fixture
async def camera(chromium: Browser, shop_floor: Deployment) -> Camera:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    shop = await a_pictured_shop()
    await _look_back(shop.marketplace)
    return Camera(chromium, f"{shop_floor.url}/console/{shop.marketplace.slug}", shop)


async def test_every_page_is_taken(camera: Camera) -> None:
    async with camera.open(1280, signed_in=False) as page:
        await page.goto(f"{camera.home}/access/nonsense")  # refused, as the audit's pages tell
    for width in SIZES:
        for signed_in, pages in ((False, AT_THE_DOOR), (True, INSIDE)):
            async with camera.open(width, signed_in=signed_in) as page:
                for pictured in pages:
                    await camera.take(page, pictured)
    for width in SIZES:
        async with camera.open(width, signed_in=True) as page:
            await _what_is_shown_in_between(camera, page)
    _PAGE.write_text(_HEAD + "".join(_section(one) for one in EVERY))


async def _look_back(shop: Marketplace) -> None:
    """What the auditor's pages show besides the log: moves counted, rows sealed."""
    await count_moves()
    await stage("audit.seal", None)
    sealed = "SELECT max(number) FROM checkpoint WHERE marketplace_id = $1"
    await until(lambda: fetch_value(sealed, shop.id), "the first seal")


async def _what_is_shown_in_between(camera: Camera, page: Page) -> None:
    clock, made, ways, asked, erase, secret, codes, question = IN_BETWEEN
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
    await camera.take(page, erase)
    await forget_factor(camera.shop.marketplace.id, camera.shop.owner["id"])
    await page.goto(f"{camera.home}/account/second-factor")
    await page.get_by_role("button", name="Set Up").click()
    await camera.take(page, secret, go=False)
    await page.get_by_label("Code").fill(TOTP(await page.locator(".secret").inner_text()).at(now()))
    await page.get_by_role("button", name="Turn On").click()
    await camera.take(page, codes, go=False)
    await page.context.clear_cookies()
    link = await a_staff_link(camera.shop.marketplace, camera.shop.owner)
    await page.goto(f"{camera.home}/access/{link_text(link)}")
    await page.get_by_role("button", name="Continue").click()
    await camera.take(page, question)


async def _paid_through(shop: Marketplace, gateway: str) -> None:
    await execute("UPDATE marketplace SET gateway = $2, sandbox = $2 = 'sandbox' WHERE id = $1", shop.id, gateway)


def _section(one: Pictured) -> str:
    wide, small = (f"pictures/console/{one.name}-{width}.png" for width in SIZES)
    title = one.name.replace("-", " ").capitalize()
    pictures = (
        f'<img src="{wide}" width="640" alt="{title} on a desk"> <img src="{small}" width="180" alt="on a phone">'
    )
    return f"\n## {title}\n\n{one.says}\n\n{pictures}\n"
