"""Pages need a live session of their own marketplace; without one, the way leads to the login page and back."""

from datetime import timedelta

import pytest

from models.database import Record, fetch_value
from tests.factories import a_customer, a_marketplace, a_subscription
from tests.web.browsing import Browser, form_of, text_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.keys import read_signed

PAGES = (
    "subscriptions",
    "subscriptions/1/cancel",
    "payments?sort=price&order=asc",
    "invoices/INV-1.pdf",
    "contact",
    "sessions",
    "documents?from=2026-01-01",
    "billing-details",
)


async def test_without_a_session_a_page_leads_to_login_and_is_remembered(
    browser: Browser, marketplace: Marketplace
) -> None:
    for page in PAGES:
        home = f"/portal/{marketplace.slug}"

        answer = await browser.get(f"{home}/{page}")
        login = await browser.follow(answer)
        await browser.submit(login, "Send Access Link", email="jane@example.com")

        assert answer.headers["location"] == home
        assert "Sign in first" in text_of(login)
        kept = await fetch_value("SELECT return_to FROM link_request ORDER BY id DESC LIMIT 1")
        assert kept == f"{home}/{page}"


async def test_what_the_return_cookie_holds_cannot_be_changed(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/portal/{marketplace.slug}"
    await browser.get(f"{home}/payments")
    signed = browser.cookies.get("gatehouse_return") or ""
    assert read_signed(f"return:{home}", signed) == f"{home}/payments".encode()

    for forged in (signed[:-2] + "AA", signed[1:], "x", "=" * 50, "é"):
        browser.cookies.clear()
        headers = {b"cookie": f"gatehouse_return={forged}".encode()}
        answer = await browser.post(f"{home}/access-links", data={"email": "jane@example.com"}, headers=headers)
        assert answer.status_code == 303
    assert await fetch_value("SELECT count(*) FROM link_request WHERE return_to IS NOT NULL") == 0


@pytest.mark.parametrize(("act", "stands_on"), [("cancel", "subscriptions"), ("card-update-link", "subscriptions")])
async def test_a_session_that_ends_in_the_middle_of_an_act_changes_nothing_and_comes_back_to_the_forms_page(
    browser: Browser, marketplace: Marketplace, customer: Record, act: str, stands_on: str
) -> None:
    home = f"/portal/{marketplace.slug}"
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer, expires_at=now() - timedelta(seconds=1))

    answer = await browser.send_form(f"{home}/subscriptions/{subscription['number']}/{act}", {"form_token": "x"})
    login = await browser.follow(answer)
    await browser.submit(login, "Send Access Link", email=customer["email"])

    assert "A session lasts 30 minutes" in text_of(login)
    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0
    assert await fetch_value("SELECT return_to FROM link_request") == f"{home}/{stands_on}"


async def test_a_session_counts_in_its_own_marketplace_only(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    elsewhere = await a_marketplace()
    await browser.sign_in(marketplace, customer)
    token = browser.cookies.get("gatehouse_session") or ""
    browser.cookies.set("gatehouse_session", token, path=f"/portal/{elsewhere.slug}")

    assert (await browser.get(f"/portal/{marketplace.slug}/subscriptions")).status_code == 200
    assert (await browser.get(f"/portal/{elsewhere.slug}/subscriptions")).status_code == 303


MADE_UP = ["", "x", "A" * 43, "A" * 4000, "a b", "\u2603"]


async def test_a_made_up_session_is_none(browser: Browser, marketplace: Marketplace) -> None:
    for token in MADE_UP:
        cookie = f"gatehouse_session={token}".encode()

        answer = await browser.get(f"/portal/{marketplace.slug}/subscriptions", headers={b"cookie": cookie})

        assert answer.status_code == 303


async def test_an_act_without_the_sessions_form_token_is_refused(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    path = f"/portal/{marketplace.slug}"
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    await other_browser.sign_in(marketplace, await a_customer(marketplace))
    page = await other_browser.get(f"{path}/contact")
    of_another = form_of(page, "Sign out").fields["form_token"]

    for token in ("", "x", "é", "0" * 64, of_another):
        fields = {"form_token": token} if token else {}
        answer = await browser.send_form(f"{path}/subscriptions/{subscription['number']}/cancel", fields)
        assert answer.status_code == 403
        assert "out of date" in text_of(answer)
    assert await fetch_value("SELECT state FROM subscription") == "active"


CROSS_SITE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8000.evil.example"},
    {"Origin": "//127.0.0.1:8000"},
    {"Origin": ""},
)


async def test_a_form_from_another_site_is_refused_whatever_it_carries(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    path = f"/portal/{marketplace.slug}"
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    token = form_of(await browser.get(f"{path}/contact"), "Sign out").fields["form_token"]
    cancel = f"{path}/subscriptions/{subscription['number']}/cancel"

    for headers in CROSS_SITE:
        answers = [
            await browser.post(cancel, data={"form_token": token}, headers=headers),
            await browser.post(f"{path}/access-links", data={"email": "jane@example.com"}, headers=headers),
            await browser.post(f"{path}/sign-out", data={"form_token": token}, headers=headers),
        ]

        assert [answer.status_code for answer in answers] == [403, 403, 403], headers
        assert "another website" in text_of(answers[0])
    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert await fetch_value("SELECT count(*) FROM link_request") == 0


OUR_OWN = [
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1:8000"},
    {},
]


async def test_a_form_of_our_own_is_taken(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    for headers in OUR_OWN:
        path = f"/portal/{marketplace.slug}"
        await browser.sign_in(marketplace, customer)
        token = form_of(await browser.get(f"{path}/contact"), "Sign out").fields["form_token"]

        answer = await browser.post(f"{path}/sign-out", data={"form_token": token}, headers=headers)

        assert answer.status_code == 303, headers
        assert await fetch_value("SELECT count(*) FROM portal_session WHERE state = 'active'") == 0
