"""Staff get in by the same kind of one-time link, into the console of their own marketplace (PRODUCT.md 3.7)."""

from datetime import timedelta

import pytest

from models.database import fetch_row, fetch_value
from tests.factories import a_customer, a_marketplace, a_staff_link, a_staff_member, a_staff_session, a_subscription
from tests.web.browsing import Browser, form_of, text_of
from workflows.access.link_requests import handle_link_request
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now


async def test_from_the_login_page_to_the_first_page_inside(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}"
    member = await a_staff_member(marketplace)
    turned_away = await browser.follow(await browser.get(f"{home}/apps?search=portal"))
    assert "Sign in first" in text_of(turned_away)

    asked = await browser.submit(turned_away, "Send Access Link", email=member["email"].upper())
    assert f"If {member['email'].upper()} works for {marketplace.name}" in text_of(await browser.follow(asked))
    request = await fetch_row("SELECT * FROM link_request")
    assert request is not None
    await handle_link_request(marketplace.id, request["id"])
    link = await fetch_row("SELECT * FROM access_token")
    assert link is not None
    assert (link["purpose"], link["staff_id"]) == ("staff", member["id"])

    page = await browser.get(f"{home}/access/{link_text(link)}")
    assert "data-auto-continue" in form_of(page, "Continue").attributes
    entered = await browser.submit(page, "Continue")

    assert entered.headers["location"] == f"{home}/apps?search=portal"
    cookie = next(c for c in entered.headers.get_list("set-cookie") if c.startswith("gatehouse_session="))
    assert f"Path={home}" in cookie
    assert 28790 <= int(cookie.partition("Max-Age=")[2].partition(";")[0]) <= 28800
    assert "Customer Portal" in text_of(await browser.follow(entered))


async def test_known_and_unknown_addresses_get_the_same_answer_and_only_staff_get_mail(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    member = await a_staff_member(marketplace, email="known@ada.example")
    await a_staff_member(marketplace, email="past@ada.example", removed_at=now())
    subscriber = await a_customer(marketplace, email="buyer@ada.example")
    await a_subscription(marketplace, customer=subscriber)
    answers = [
        await (await _new(browser)).send_form(f"/console/{marketplace.slug}/access-links", {"email": email})
        for email in ("known@ada.example", "past@ada.example", "buyer@ada.example", "nobody@ada.example")
    ]

    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {
        (303, f"/console/{marketplace.slug}")
    }
    while (request_id := await fetch_value("SELECT id FROM link_request LIMIT 1")) is not None:
        await handle_link_request(marketplace.id, request_id)
    assert await fetch_value("SELECT array_agg(recipient) FROM outgoing_email") == [member["email"]]
    assert await fetch_value("SELECT staff_id FROM outgoing_email") == member["id"]


async def _new(browser: Browser) -> Browser:
    return Browser(browser.application)


async def test_opening_a_link_spends_nothing_and_continuing_spends_it_once(
    browser: Browser, marketplace: Marketplace
) -> None:
    member = await a_staff_member(marketplace)
    sibling, link = await a_staff_link(marketplace, member), await a_staff_link(marketplace, member)
    path = f"/console/{marketplace.slug}/access/{link_text(link)}"

    looks = [await browser.request("HEAD" if turn % 2 else "GET", path) for turn in range(10)]
    first = await browser.send_form(path, {})
    second = await (await _new(browser)).send_form(path, {})

    assert {look.status_code for look in looks} == {200}
    assert "gatehouse_session" in first.headers["set-cookie"]
    assert second.headers["location"] == f"/console/{marketplace.slug}"
    assert await fetch_value("SELECT count(*) FROM portal_session") == 1
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", sibling["id"]) == "expired"


async def test_a_link_through_one_door_opens_no_other(browser: Browser, marketplace: Marketplace) -> None:
    member, elsewhere = await a_staff_member(marketplace), await a_marketplace()
    text = link_text(await a_staff_link(marketplace, member))

    for path in (f"/portal/{marketplace.slug}/access/{text}", f"/console/{elsewhere.slug}/access/{text}"):
        assert (await browser.get(path)).status_code == 303
        assert (await browser.send_form(path, {})).status_code == 303
    assert await fetch_value("SELECT count(*) FROM portal_session") == 0


async def test_sessions_of_customers_and_staff_do_not_open_each_others_pages(
    browser: Browser, marketplace: Marketplace
) -> None:
    customer = await a_customer(marketplace)
    await browser.sign_in(marketplace, customer)
    await browser.sign_in_staff(marketplace)
    portal, console = f"/portal/{marketplace.slug}", f"/console/{marketplace.slug}"
    tokens = {path: browser.cookies.get("gatehouse_session", path=path) or "" for path in (portal, console)}
    assert (await browser.get(f"{portal}/contact")).status_code == 200
    assert (await browser.get(f"{console}/apps")).status_code == 200

    browser.cookies.set("gatehouse_session", tokens[portal], domain="127.0.0.1", path=console)
    browser.cookies.set("gatehouse_session", tokens[console], domain="127.0.0.1", path=portal)

    assert (await browser.get(f"{portal}/contact")).headers["location"] == portal
    assert (await browser.get(f"{console}/apps")).headers["location"] == console


async def test_a_session_ends_after_8_hours_and_the_way_leads_back(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, expires_at=now() - timedelta(seconds=1))

    login = await browser.follow(await browser.get(f"/console/{marketplace.slug}/apps"))

    assert "A session lasts 8 hours" in text_of(login)


async def test_one_sees_and_ends_ones_own_sessions_only(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace)
    home = f"/console/{marketplace.slug}"
    _, own = await a_staff_session(marketplace, member)
    _, anothers = await a_staff_session(marketplace, await a_staff_member(marketplace))
    page = await browser.get(f"{home}/sessions")
    token = form_of(page, "End").fields["form_token"]

    ended = await browser.submit(page, "End")
    refused = await browser.send_form(f"{home}/sessions/{anothers['id']}/end", {"form_token": token})

    assert "That session has ended" in text_of(await browser.follow(ended))
    assert refused.status_code == 404
    assert await fetch_value("SELECT state FROM portal_session WHERE id = $1", own["id"]) == "ended"
    assert await fetch_value("SELECT state FROM portal_session WHERE id = $1", anothers["id"]) == "active"


async def test_signing_out_ends_the_session(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)

    out = await browser.submit(await browser.get(f"/console/{marketplace.slug}/apps"), "Sign out")

    assert "You have signed out" in text_of(await browser.follow(out))
    assert await fetch_value("SELECT state FROM portal_session") == "ended"


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/console/{slug}//evil.example",
    "/console/{slug}/../../evil",
    "/console/{slug}/apps/%2e%2e/%2e%2e/x",
    "/console/another-shop/apps",
    "/console/{slug}extra/apps",
    "/console/{slug}/access/abc",
    "/console/{slug}/sign-out",
    "/console/{slug}/second-factor",
    "/console/{slug}/apps\r\nSet-Cookie: a=b",
    "/portal/{slug}/subscriptions",
    "javascript:alert(1)",
    "",
]


async def test_a_link_leads_to_a_page_of_this_console_and_nowhere_else(
    browser: Browser, marketplace: Marketplace
) -> None:
    home, member = f"/console/{marketplace.slug}", await a_staff_member(marketplace)
    wanted = f"{home}/people?search=ann%40ada.example"
    for return_to, leads_to in ((wanted, wanted), *((text.format(slug=marketplace.slug), home) for text in ELSEWHERE)):
        link = await a_staff_link(marketplace, member, return_to=return_to)

        answer = await browser.send_form(f"{home}/access/{link_text(link)}", {})

        assert answer.headers["location"] == leads_to, return_to


@pytest.mark.parametrize("slug", ["nobody", "no%00body", "%F0%9F%98%80"])
async def test_an_unknown_marketplace_has_no_console(browser: Browser, slug: str) -> None:
    for path in ("", "/apps", "/access/x"):
        assert (await browser.get(f"/console/{slug}{path}")).status_code == 404
