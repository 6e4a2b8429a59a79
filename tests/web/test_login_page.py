"""Asking for a link: one answer for every address (PRODUCT.md 1.2, 1.3, 1.5, 1.10)."""

import httpx
import pytest

from models.database import Record, fetch, fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_subscription
from tests.web.browsing import Browser, form_of, forms_of, text_of
from workflows.access.link_requests import handle_link_request
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


async def test_the_login_page_asks_for_the_email_of_the_order(browser: Browser, marketplace: Marketplace) -> None:
    page = await browser.get(f"/portal/{marketplace.slug}")

    assert page.status_code == 200
    form = form_of(page, "Send Access Link")
    assert list(form.fields) == ["email"]
    assert "subscription order" in text_of(page)
    assert marketplace.name in text_of(page)


async def test_a_request_is_staged_and_the_same_page_says_so(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_subscription(marketplace, customer=customer)
    page = await browser.get(f"/portal/{marketplace.slug}")

    answer = await browser.submit(page, "Send Access Link", email=customer["email"])

    assert answer.headers["location"] == f"/portal/{marketplace.slug}"
    told = await browser.follow(answer)
    assert f"If {customer['email']} has a subscription" in text_of(told)
    assert form_of(told, "Send Access Link")
    assert await fetch_value("SELECT email FROM link_request") == customer["email"]
    assert await fetch_value("SELECT actor FROM outbox") == "link.request"
    again = await browser.get(f"/portal/{marketplace.slug}")
    assert "Check your e-mail" not in again.text  # told once


async def test_known_and_unknown_addresses_get_the_same_answer(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    known = await a_customer(marketplace, email="jane@example.com")
    await a_subscription(marketplace, customer=known)

    answers: list[httpx.Response] = []
    for one, email in ((browser, "jane@example.com"), (other_browser, "nora@example.com")):
        sent = await one.send_form(f"/portal/{marketplace.slug}/access-links", {"email": email})
        answers += [sent, await one.follow(sent)]

    asked, told, asked_too, told_too = answers
    assert (asked.status_code, asked.content) == (asked_too.status_code, asked_too.content)
    assert _shape_of(asked) == _shape_of(asked_too)
    assert _shape_of(told) == _shape_of(told_too)
    assert told.text.replace("jane@", "…@") == told_too.text.replace("nora@", "…@")


def _shape_of(answer: httpx.Response) -> list[tuple[str, str]]:
    """The headers, but for what is random: request ids and the values of cookies (their lengths count)."""
    shape: list[tuple[str, str]] = []
    for name, value in answer.headers.multi_items():
        if name == "set-cookie":
            cookie, _, attributes = value.partition(";")
            shape.append((name, f"{cookie.partition('=')[0]}={len(cookie)};{attributes}"))
        elif name not in ("x-request-id", "content-length"):  # compressed, the letters typed make a byte's difference
            shape.append((name, value))
    return shape


NO_ADDRESSES = ["", "jane", "jane@", "@example.com", "jane@example", "ja ne@example.com", "j\0@x.org"]


async def test_what_is_no_address_is_told_beside_the_field(browser: Browser, marketplace: Marketplace) -> None:
    for typed in NO_ADDRESSES:
        answer = await browser.send_form(f"/portal/{marketplace.slug}/access-links", {"email": typed})

        assert answer.status_code == 422
        if "\0" not in typed:
            assert 'id="email-error"' in answer.text
            assert 'aria-describedby="email-hint email-error"' in answer.text
            assert form_of(answer, "Send Access Link").fields["email"] == typed  # nobody types it twice
        assert await fetch_value("SELECT count(*) FROM link_request") == 0


async def test_the_browsers_nonce_is_set_for_any_address_and_kept_at_the_next(
    browser: Browser, marketplace: Marketplace
) -> None:
    path = f"/portal/{marketplace.slug}"

    first = await browser.send_form(f"{path}/access-links", {"email": "nobody@example.com"})
    second = await browser.send_form(f"{path}/access-links", {"email": "nobody@example.com"})

    cookie = _cookie(first, "gatehouse_browser")
    assert f"Path={path}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=3600" in cookie
    assert "Secure" not in cookie  # development has no TLS
    nonce = cookie.partition(";")[0]
    assert len(nonce.partition("=")[2]) == 22  # 128 bits
    assert _cookie(second, "gatehouse_browser").startswith(nonce)


async def test_cookies_are_secure_outside_development(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    settings.cache_clear()

    answer = await browser.send_form(f"/portal/{marketplace.slug}/access-links", {"email": "nobody@example.com"})

    cookies = answer.headers.get_list("set-cookie")
    assert cookies
    assert all("; Secure" in cookie for cookie in cookies)
    assert "max-age" in answer.headers["strict-transport-security"]


def _cookie(answer: httpx.Response, name: str) -> str:
    return next(cookie for cookie in answer.headers.get_list("set-cookie") if cookie.startswith(f"{name}="))


@pytest.mark.parametrize("state", ["redeemed", "expired"])
async def test_after_a_link_that_was_real_a_new_one_is_one_click_away(
    browser: Browser, marketplace: Marketplace, state: str
) -> None:
    jane = await a_customer(marketplace, email="jane@example.com")
    await a_subscription(marketplace, customer=jane)
    path = f"/portal/{marketplace.slug}"
    old = await a_link(marketplace, customer=jane, state=state, return_to=f"{path}/payments")

    login = await browser.follow(await browser.get(f"{path}/access/{link_text(old)}"))
    assert "j•••@example.com" in text_of(login)
    assert "jane@example.com" not in login.text
    sent = await browser.submit(login, "Send a new link to j•••@example.com")

    assert "We’ve sent a new link to j•••@example.com" in text_of(await browser.follow(sent))
    request = (await fetch("SELECT * FROM link_request"))[0]
    assert (request["email"], request["access_token_id"]) == (None, old["id"])
    await handle_link_request(marketplace.id, request["id"])
    fresh = (await fetch("SELECT * FROM access_token WHERE id <> $1", old["id"]))[0]
    assert (fresh["customer_id"], fresh["return_to"]) == (jane["id"], f"{path}/payments")


async def test_an_invented_link_gets_no_offer(browser: Browser, marketplace: Marketplace) -> None:
    login = await browser.follow(await browser.get(f"/portal/{marketplace.slug}/access/{'A' * 64}"))

    assert "This link does not work" in text_of(login)
    assert len(forms_of(login)) == 1


async def test_the_offer_cannot_be_invented_or_taken_to_another_marketplace(
    browser: Browser, marketplace: Marketplace
) -> None:
    elsewhere = await a_marketplace()
    old = await a_link(elsewhere, state="expired")
    await browser.get(f"/portal/{elsewhere.slug}/access/{link_text(old)}")
    notice = browser.cookies.get("gatehouse_notice", path=f"/portal/{elsewhere.slug}") or ""

    without = await browser.send_form(f"/portal/{marketplace.slug}/access-links", {"again": "1"})
    browser.cookies.set("gatehouse_notice", notice, path=f"/portal/{marketplace.slug}")
    carried_over = await browser.send_form(f"/portal/{marketplace.slug}/access-links", {"again": "1"})

    assert (without.status_code, carried_over.status_code) == (303, 303)
    assert await fetch_value("SELECT count(*) FROM link_request") == 0


async def test_beyond_the_limit_of_requests_a_page_says_when_to_try_again(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINK_REQUESTS_PER_HOUR", "2")
    settings.cache_clear()
    path = f"/portal/{marketplace.slug}/access-links"

    answers = [await browser.send_form(path, {"email": f"{n}@example.com"}) for n in range(3)]

    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Try again in" in text_of(answers[-1])
    assert await fetch_value("SELECT count(*) FROM link_request") == 2


async def test_a_signed_in_customer_is_led_on_to_the_subscriptions(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)

    answer = await browser.get(f"/portal/{marketplace.slug}")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/{marketplace.slug}/subscriptions")
    assert answer.content == b""  # not "null", which some clients show


async def test_an_unknown_marketplace_is_a_page_that_says_so(browser: Browser) -> None:
    for path in ("/portal/nobody", "/portal/no%00body", "/portal/nobody/subscriptions", "/portal/%F0%9F%98%80"):
        answer = await browser.get(path)
        assert answer.status_code == 404, path
        assert "Page not found" in text_of(answer)
