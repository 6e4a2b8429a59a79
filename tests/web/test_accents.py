"""A merchant's colour on the portal's pages."""

import httpx

from models.database import execute
from tests.web.browsing import Browser
from workflows.marketplaces.tenant import Marketplace


async def test_the_portal_has_the_merchants_color_and_without_one_nothing_more_to_load(
    browser: Browser, marketplace: Marketplace
) -> None:
    plain = await browser.get(f"/portal/{marketplace.slug}")
    await execute("UPDATE marketplace SET accent_color = '#ffd400' WHERE id = $1", marketplace.id)
    colored = await browser.get(f"/portal/{marketplace.slug}")
    sheet = await browser.get("/accents/ffd400.css")

    assert "/accents/" not in plain.text
    assert '<link rel="stylesheet" href="/accents/ffd400.css">' in colored.text
    assert sheet.headers["content-type"].startswith("text/css")
    assert "max-age" in sheet.headers["cache-control"]
    assert "--button: #ffd400; --on-button: #000000;" in sheet.text
    assert "prefers-color-scheme: dark" in sheet.text


async def test_no_sheet_is_made_of_what_is_no_color(browser: Browser) -> None:
    for name in ("red.css", "ffd400.js", "ffd400", "ffd40.css", "FFD400.css", "%7D.css", "ffd400;x.css"):
        answer: httpx.Response = await browser.get(f"/accents/{name}")
        assert answer.status_code == 404, name
