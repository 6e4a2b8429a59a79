"""Erasing a customer in the console: it says what goes and what stays, asks, and is for owners alone."""

from models.database import fetch_value
from tests.factories import a_subscription
from tests.web.browsing import Browser
from workflows.marketplaces.tenant import Marketplace


async def test_an_owner_is_asked_first_and_others_see_no_button(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    subscription = await a_subscription(marketplace, state="cancelled")
    path = f"/console/{marketplace.slug}/subscriptions/{subscription['number']}"
    await other_browser.sign_in_staff(marketplace, "support")
    await browser.sign_in_staff(marketplace)

    assert "Erase…" not in (await other_browser.get(path)).text
    assert f"{path}/customer/erase" in (await browser.get(path)).text
    asked = await browser.get(f"{path}/customer/erase")
    assert "What stays, and why" in asked.text
    hasty = await browser.submit(asked, "Erase the customer")
    assert (hasty.status_code, "Tick the box" in hasty.text) == (422, True)
    assert await fetch_value("SELECT count(*) FROM customer WHERE erased_at IS NOT NULL") == 0

    done = await browser.follow(await browser.submit(asked, "Erase the customer", sure="yes"))

    assert "is erased" in done.text
    assert "is erased" in (await browser.get(f"{path}/customer/erase")).text
    correction = await browser.get(f"{path}/customer")
    refused = await browser.submit(correction, "Save", email="jane@example.com")
    assert (refused.status_code, "nothing to correct" in refused.text) == (422, True)


async def test_what_stands_in_the_way_is_told_instead_of_a_button(browser: Browser, marketplace: Marketplace) -> None:
    subscription = await a_subscription(marketplace)
    await browser.sign_in_staff(marketplace)

    page = await browser.get(f"/console/{marketplace.slug}/subscriptions/{subscription['number']}/customer/erase")

    assert f"Subscription {subscription['number']} is not ended: cancel it first." in page.text
    assert "Erase the customer" not in page.text
