"""The front page: what runs here; in development, what there is to open."""

import pytest

from tests.web.browsing import Browser, text_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


async def test_in_development_it_leads_to_the_portals_and_the_inbox(browser: Browser, marketplace: Marketplace) -> None:
    page = await browser.get("/")

    assert page.status_code == 200
    assert f'href="/portal/{marketplace.slug}"' in page.text
    assert f'href="/console/{marketplace.slug}"' in page.text
    assert 'href="/inbox"' in page.text


async def test_in_production_it_names_no_merchant(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    settings.cache_clear()

    page = await browser.get("/")

    assert "A customer portal runs here" in text_of(page)
    assert marketplace.name not in text_of(page)
    assert marketplace.slug not in page.text
