"""A sandbox's clock in the console. That work gets done on the way is a journey: it takes real workers."""

from models.database import alone, fetch_value
from tests.factories import a_marketplace, a_subscription
from tests.web.browsing import Browser, text_of
from workflows.marketplaces.tenant import Marketplace


async def test_it_says_where_it_stands_and_what_comes_next(browser: Browser, marketplace: Marketplace) -> None:
    path = f"/console/{marketplace.slug}/clock"
    await browser.sign_in_staff(marketplace, "support")
    nothing = await browser.get(path)
    await a_subscription(marketplace)
    something = await browser.get(path)

    assert "Nothing is to come" in text_of(nothing)
    assert "To the next event" not in text_of(nothing)
    assert "To the next event" in text_of(something)
    assert f'href="{path}"' in (await browser.get(f"/console/{marketplace.slug}/account")).text


async def test_a_clock_that_somebody_else_moves_is_left_to_them(browser: Browser, marketplace: Marketplace) -> None:
    path = f"/console/{marketplace.slug}/clock"
    await browser.sign_in_staff(marketplace)
    page = await browser.get(path)

    async with alone(f"clock:{marketplace.id}"):
        busy = await browser.follow(await browser.submit(page, "+1 day", step="day"))
    nonsense = await browser.follow(await browser.submit(page, "+1 day", step="back"))

    assert "Not now: somebody else is moving this clock." in text_of(busy)
    assert "press one of the buttons" in text_of(nonsense)
    assert await fetch_value("SELECT clock_offset = '0' FROM marketplace WHERE id = $1", marketplace.id)


async def test_a_live_marketplace_has_none(browser: Browser) -> None:
    live = await a_marketplace(sandbox=False)
    await browser.sign_in_staff(live)

    assert (await browser.get(f"/console/{live.slug}/clock")).status_code == 403
    assert "Sandbox clock" not in text_of(await browser.get(f"/console/{live.slug}/account"))
