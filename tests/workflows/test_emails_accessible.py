"""E-mails in a real browser: contrast and structure by axe-core, in light and dark, on a phone and a desk."""

import shutil
from collections.abc import AsyncGenerator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from integrations.mailers import CaptureMailer
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace
from tests.workflows.staged_emails import a_staged_email, the_captured
from workflows.emails.catalogue import CATALOGUE
from workflows.emails.deliver import deliver_email

# All e-mails share one layout; these four have each of its parts, and lack each, between them.
_SHAPES = ("access_link", "card_updated", "failed_charge", "order_receipt")
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


@pytest.fixture
async def page() -> AsyncGenerator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        yield await browser.new_page()
        await browser.close()


async def test_no_email_has_a_fault_that_axe_finds_and_none_is_wider_than_a_phone(
    database: FreshDatabase, page: Page
) -> None:
    marketplace = await a_marketplace(address="12 Mill Lane\nCambridge")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for template in CATALOGUE:
        email_id = await a_staged_email(marketplace, template)
        await deliver_email(marketplace.id, email_id, CaptureMailer("portal@gatehouse.example"))
        await page.set_content((await the_captured(email_id))["html"])
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.set_viewport_size({"width": 320, "height": 800})
            if template in _SHAPES:
                found = await Axe().run(page, options=_RULES)
                assert found.violations_count == 0, f"{template} {scheme}: {found.generate_report()}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320, template
    assert asked == []
