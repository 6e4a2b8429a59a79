"""Takes the README's four pictures of the portal: `./gatehouse test tests/journeys/portal_pictures.py`.

Not a test: pytest finds it when it is named, as console_pictures.py. What is shown is the demo's own shop, whose people
cli/demo/people.py lists.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from cli.demo.load import load_people, load_purchases, make_marketplace
from cli.demo.people import PEOPLE
from cli.paths import ROOT
from models.database import fetch_row
from tests.factories import a_session
from tests.journeys.conftest import Deployment
from tests.journeys.keeping import keep_picture
from workflows.marketplaces.tenant import Marketplace

_FOLDER = ROOT / "docs" / "pictures"
_COLOURS = 64
_DESK, _PHONE = ViewportSize(width=880, height=640), ViewportSize(width=360, height=740)
_EMAILS = {person.persona: person.email for person in PEOPLE}


class Photographer(NamedTuple):
    """A browser before the demo's portal."""

    chromium: Browser
    url: str
    shop: Marketplace

    @asynccontextmanager
    async def signed_in(
        self, persona: str, path: str, size: ViewportSize = _DESK, scheme: Literal["light", "dark"] = "light"
    ) -> AsyncGenerator[Page]:
        """The page, as that customer of the demo sees it."""
        customer = await fetch_row(
            "SELECT * FROM customer WHERE marketplace_id = $1 AND email = $2", self.shop.id, _EMAILS[persona]
        )
        assert customer is not None, f"the demo has no {persona}"
        token, _ = await a_session(self.shop, customer)
        home = f"/portal/{self.shop.slug}"
        context = await self.chromium.new_context(viewport=size, color_scheme=scheme, locale="en-US")
        await context.add_cookies([{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": home}])
        page = await context.new_page()
        await page.goto(f"{self.url}{home}/{path}", wait_until="networkidle")
        yield page
        await context.close()


@pytest.fixture
async def photographer(chromium: Browser, shop_floor: Deployment) -> Photographer:
    made = await make_marketplace()
    await load_people(made.marketplace)
    await load_purchases(made.marketplace)
    return Photographer(chromium, shop_floor.url, made.marketplace)


async def test_the_readmes_pictures_are_taken(photographer: Photographer) -> None:
    async with photographer.signed_in("failed_charge", "subscriptions") as page:
        await keep_picture(page, _FOLDER / "subscriptions.png", _COLOURS)
        await page.get_by_text("Cancel subscription").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.mouse.move(0, 0)
        await keep_picture(page, _FOLDER / "cancel.png", _COLOURS)
    async with photographer.signed_in("long_history", "payments") as page:
        await keep_picture(page, _FOLDER / "payments.png", _COLOURS)
    async with photographer.signed_in("several_subscriptions", "subscriptions", _PHONE, "dark") as page:
        await keep_picture(page, _FOLDER / "phone-dark.png", _COLOURS)
