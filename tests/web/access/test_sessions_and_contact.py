"""Where a customer is signed in, signing out, and Contact Us (PRODUCT.md 1.9, 2.10)."""

from uuid import uuid4

import pytest

from models.database import Record, execute, fetch_value
from tests.factories import a_customer, a_marketplace
from tests.web.browsing import Browser, form_of, forms_of, text_of
from web.access.device import device
from web.pages.show import Show
from workflows.marketplaces.tenant import Marketplace

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0",
            "A browser on Linux",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on macOS"),
        ("", "A browser"),
        ("<script>", "A browser"),
    ],
)
def test_a_user_agent_is_told_as_a_person_would(user_agent: str, words: str) -> None:
    assert device(user_agent, Show("UTC", "en")) == words


async def test_live_sessions_are_listed_and_this_one_marked(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer, user_agent=FIREFOX)
    await other_browser.sign_in(marketplace, customer, user_agent=IPHONE)

    page = text_of(await browser.get(f"/portal/{marketplace.slug}/sessions"))

    assert "Firefox on Windows This one" in page
    assert "Safari on iOS Since" in page


async def test_ending_another_session_puts_it_out_at_once(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    await other_browser.sign_in(marketplace, customer)
    path = f"/portal/{marketplace.slug}"

    told = await browser.follow(await browser.submit(await browser.get(f"{path}/sessions"), "End"))

    assert "That session has ended" in text_of(told)
    assert (await other_browser.get(f"{path}/subscriptions")).status_code == 303
    assert (await browser.get(f"{path}/subscriptions")).status_code == 200


async def test_ending_ones_own_signs_out(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    session = await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/sessions")
    own = next(form for form in forms_of(page) if str(session["id"]) in form.action)

    answer = await browser.send_form(own.action, own.fields)

    assert answer.headers["location"] == f"/portal/{marketplace.slug}"
    assert "gatehouse_session" not in browser.cookies


async def test_sign_out_kills_the_session_at_the_server(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    token = browser.cookies.get("gatehouse_session") or ""
    page = await browser.get(f"/portal/{marketplace.slug}/contact")

    login = await browser.follow(await browser.submit(page, "Sign out"))

    assert "You have signed out" in text_of(login)
    assert await fetch_value("SELECT moved_trigger FROM portal_session") == "sign_out"
    browser.cookies.set("gatehouse_session", token, path=f"/portal/{marketplace.slug}")
    assert (await browser.get(f"/portal/{marketplace.slug}/contact")).status_code == 303
    assert (await browser.submit(page, "Sign out")).status_code == 303  # twice is as good as once


async def test_sessions_of_others_are_not_there(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    theirs = await other_browser.sign_in(marketplace, await a_customer(marketplace))
    elsewhere = await a_marketplace()
    far = await other_browser.sign_in(elsewhere, await a_customer(elsewhere))
    path = f"/portal/{marketplace.slug}"
    token = form_of(await browser.get(f"{path}/contact"), "Sign out").fields["form_token"]

    for session_id in (theirs["id"], far["id"], uuid4(), "x", "1", "%00"):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            body = {"form_token": token} if method == "POST" else None
            answer = await browser.request(method, f"{path}/sessions/{session_id}/end", data=body)
            assert answer.status_code == 404, (method, session_id)
    assert await fetch_value("SELECT count(*) FROM portal_session WHERE state = 'active'") == 3


async def test_contact_us_shows_what_the_merchant_ticked(browser: Browser) -> None:
    marketplace = await a_marketplace(
        show_address=True,
        show_support_email=True,
        address="1 Analytical Row\nLondon",
        social_links=["https://www.instagram.com/ada/", "https://example.org"],
    )
    await browser.sign_in(marketplace, await a_customer(marketplace))

    page = await browser.get(f"/portal/{marketplace.slug}/contact")

    assert "1 Analytical Row London" in text_of(page)
    assert 'href="mailto:help@ada.example"' in page.text
    assert '<a href="https://www.instagram.com/ada/" rel="noopener noreferrer">instagram.com/ada</a>' in page.text


async def test_contact_us_shows_nothing_that_is_not_ticked(browser: Browser) -> None:
    marketplace = await a_marketplace(address="1 Analytical Row")
    await browser.sign_in(marketplace, await a_customer(marketplace))

    page = await browser.get(f"/portal/{marketplace.slug}/contact")

    assert "Analytical" not in page.text
    assert "help@ada.example" not in page.text


async def test_a_link_that_is_not_https_is_never_a_link(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    links = ["javascript:alert(1)", "http://example.org", "https://fine.example"]
    await execute("UPDATE marketplace SET social_links = $2 WHERE id = $1", marketplace.id, links)
    await browser.sign_in(marketplace, customer)

    page = await browser.get(f"/portal/{marketplace.slug}/contact")

    assert "javascript:" not in page.text
    assert "http://example.org" not in page.text
    assert 'href="https://fine.example"' in page.text
