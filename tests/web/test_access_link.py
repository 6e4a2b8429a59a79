"""Opening a link and continuing: nothing is spent by looking, one session comes of any number of clicks."""

import asyncio

import httpx
import pytest

from models.database import Record, fetch_row, fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_subscription
from tests.web.browsing import Browser, form_of, text_of
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.keys import token_digest
from workflows.runtime.settings import settings


def _path(marketplace: Marketplace, link: Record) -> str:
    return f"/portal/{marketplace.slug}/access/{link_text(link)}"


async def _state(link: Record) -> str:
    return await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"])


async def test_a_link_shows_whom_it_signs_in_and_a_button(browser: Browser, marketplace: Marketplace) -> None:
    customer = await a_customer(marketplace, email="jane@example.com")
    link = await a_link(marketplace, customer=customer)

    page = await browser.get(_path(marketplace, link))

    assert page.status_code == 200
    assert "This link signs in j•••@example.com" in text_of(page)
    assert "jane@" not in page.text
    form = form_of(page, "Continue")
    assert (form.action, form.method) == (_path(marketplace, link), "post")
    assert "data-auto-continue" not in form.attributes


async def test_200_looks_at_a_link_do_not_spend_it(browser: Browser, marketplace: Marketplace) -> None:
    link = await a_link(marketplace)
    path = _path(marketplace, link)
    before = await fetch_row("SELECT * FROM access_token WHERE id = $1", link["id"])

    answers = [await browser.request("HEAD" if turn % 2 else "GET", path) for turn in range(200)]

    assert {answer.status_code for answer in answers} == {200}
    assert await fetch_row("SELECT * FROM access_token WHERE id = $1", link["id"]) == before
    assert await fetch_value("SELECT count(*) FROM portal_session") == 0
    assert (await browser.submit(await browser.get(path), "Continue")).status_code == 303


async def test_continue_starts_a_session_of_30_minutes_on_the_portals_path(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    link = await a_link(marketplace, customer=customer)
    page = await browser.get(_path(marketplace, link))

    answer = await browser.submit(page, "Continue")

    assert answer.headers["location"] == f"/portal/{marketplace.slug}/subscriptions"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("gatehouse_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert f"Path=/portal/{marketplace.slug}" in cookie
    assert 1790 <= int(cookie.partition("Max-Age=")[2].partition(";")[0]) <= 1800
    assert len(cookie.partition(";")[0].partition("=")[2]) == 43  # 256 bits
    assert (await browser.follow(answer)).status_code == 200
    assert await _state(link) == "redeemed"


async def test_a_used_link_leads_to_the_login_page(browser: Browser, marketplace: Marketplace) -> None:
    link = await a_link(marketplace)
    page = await browser.get(_path(marketplace, link))
    await browser.submit(page, "Continue")
    browser.cookies.clear()

    for answer in (await browser.get(_path(marketplace, link)), await browser.submit(page, "Continue")):
        assert answer.headers["location"] == f"/portal/{marketplace.slug}"  # the reason is not in the URL
        assert "This link has already been used" in text_of(await browser.follow(answer))
    assert await fetch_value("SELECT count(*) FROM portal_session") == 1


async def test_an_expired_link_leads_to_the_login_page(browser: Browser, marketplace: Marketplace) -> None:
    link = await a_link(marketplace, state="expired")

    login = await browser.follow(await browser.get(_path(marketplace, link)))

    assert "This link has expired" in text_of(login)
    assert (await browser.send_form(_path(marketplace, link), {})).status_code == 303
    assert await fetch_value("SELECT count(*) FROM portal_session") == 0


async def test_a_token_with_any_character_changed_opens_nothing(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDEMPTIONS_PER_MINUTE", "1000")
    settings.cache_clear()
    link = await a_link(marketplace)
    text = link_text(link)

    for position, letter in enumerate(text):
        changed = text[:position] + ("B" if letter == "A" else "A") + text[position + 1 :]
        path = f"/portal/{marketplace.slug}/access/{changed}"
        assert (await browser.get(path)).status_code == 303, position
        assert (await browser.send_form(path, {})).status_code == 303, position

    assert await _state(link) == "issued"
    assert await fetch_value("SELECT count(*) FROM portal_session") == 0


INVENTED = ["x", "A" * 64, "A" * 5000, "%00", "..%2f..", "%C3%A9", "=" * 64, "<script>alert(1)</script>"]


async def test_invented_tokens_lead_to_the_login_page(browser: Browser, marketplace: Marketplace) -> None:
    for text in INVENTED:
        answer = await browser.get(f"/portal/{marketplace.slug}/access/{text}")

        assert answer.status_code in (303, 404)
        if answer.status_code == 303:
            assert answer.headers["location"] == f"/portal/{marketplace.slug}"


async def test_a_link_of_another_marketplace_opens_nothing(browser: Browser, marketplace: Marketplace) -> None:
    elsewhere = await a_marketplace()
    link = await a_link(elsewhere)
    path = f"/portal/{marketplace.slug}/access/{link_text(link)}"

    assert (await browser.get(path)).status_code == 303
    assert (await browser.send_form(path, {})).status_code == 303

    assert await _state(link) == "issued"


async def test_a_card_update_link_signs_nobody_in(browser: Browser, marketplace: Marketplace) -> None:
    link = await a_link(marketplace, subscription=await a_subscription(marketplace))

    assert (await browser.get(_path(marketplace, link))).status_code == 303
    assert (await browser.send_form(_path(marketplace, link), {})).status_code == 303
    assert await fetch_value("SELECT count(*) FROM portal_session") == 0


async def test_in_the_browser_that_asked_continue_is_pressed_by_itself(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    await browser.send_form(f"/portal/{marketplace.slug}/access-links", {"email": "jane@example.com"})
    nonce = browser.cookies.get("gatehouse_browser") or ""
    link = await a_link(marketplace, browser_digest=token_digest(nonce))

    here = await browser.get(_path(marketplace, link))
    there = await other_browser.get(_path(marketplace, link))

    assert "data-auto-continue" in form_of(here, "Continue").attributes
    assert "data-auto-continue" not in form_of(there, "Continue").attributes
    assert await _state(link) == "issued"


async def test_50_simultaneous_redemptions_make_exactly_one_session(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDEMPTIONS_PER_MINUTE", "1000")
    settings.cache_clear()
    link = await a_link(marketplace)

    async def redeem() -> httpx.Response:
        async with Browser(browser.application) as another:
            return await another.send_form(_path(marketplace, link), {})

    answers = await asyncio.gather(*(redeem() for _ in range(50)))

    sessions = [a for a in answers if any("gatehouse_session=" in c for c in a.headers.get_list("set-cookie"))]
    assert len(sessions) == 1
    assert sessions[0].headers["location"].endswith("/subscriptions")
    others = {a.headers["location"] for a in answers if a is not sessions[0]}
    assert others == {f"/portal/{marketplace.slug}"}
    assert await fetch_value("SELECT count(*) FROM portal_session") == 1


async def test_too_many_redemptions_from_one_address_are_told_to_wait(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDEMPTIONS_PER_MINUTE", "3")
    settings.cache_clear()
    path = f"/portal/{marketplace.slug}/access/{'A' * 64}"

    answers = [await browser.send_form(path, {}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


async def test_a_link_leads_back_to_the_page_that_was_asked_for(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    wanted = f"/portal/{marketplace.slug}/payments?sort=price&order=asc"
    link = await a_link(marketplace, customer=customer, return_to=wanted)

    answer = await browser.submit(await browser.get(_path(marketplace, link)), "Continue")

    assert answer.headers["location"] == wanted


async def test_a_link_from_elsewhere_leads_back_to_where_this_browser_was_turned_away(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    wanted = f"/portal/{marketplace.slug}/payments?sort=price"
    await browser.get(wanted)
    sent_by_staff = await a_link(marketplace, customer=customer)

    answer = await browser.submit(await browser.get(_path(marketplace, sent_by_staff)), "Continue")

    assert answer.headers["location"] == wanted


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "/portal/{slug}//evil.example",
    "/portal/{slug}/../../evil",
    "/portal/{slug}/payments/%2e%2e/%2e%2e/x",
    "/portal/{slug}/subscriptions@evil.example",
    "/portal/another-shop/subscriptions",
    "/portal/{slug}extra/subscriptions",
    "/portal/{slug}/access/abc",
    "/portal/{slug}/payments\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "/console",
    "",
]


async def test_a_link_leads_nowhere_else(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    for return_to in ELSEWHERE:
        link = await a_link(marketplace, customer=customer, return_to=return_to.format(slug=marketplace.slug))

        answer = await browser.send_form(_path(marketplace, link), {})

        assert answer.headers["location"] == f"/portal/{marketplace.slug}/subscriptions"


async def test_signing_in_replaces_the_session_token(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    browser.cookies.set("gatehouse_session", "planted-by-somebody-else", path=f"/portal/{marketplace.slug}")
    link = await a_link(marketplace, customer=customer)

    await browser.send_form(_path(marketplace, link), {})

    digest = await fetch_value("SELECT digest FROM portal_session")
    assert digest != token_digest("planted-by-somebody-else")
