"""Errors are pages for people: the right status, words that say what to do, nothing changed (PRODUCT.md 7)."""

from models.database import Record, close_pool, fetch_value
from tests.factories import a_subscription
from tests.web.browsing import SAME_ORIGIN, Browser, form_of, text_of
from workflows.marketplaces.tenant import Marketplace

NOWHERE = [
    "/nothing",
    "/portal",
    "/portal/{slug}/nothing",
    "/portal/{slug}/subscriptions/1",
    "/static/x.css",
    "/logos/x",
]


async def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, marketplace: Marketplace) -> None:
    for path in NOWHERE:
        for method in ("GET", "POST", "DELETE"):
            answer = await browser.request(method, path.format(slug=marketplace.slug))

            assert answer.status_code in (404, 405)
            assert answer.headers["content-type"].startswith("text/html")
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "Page not found" in text_of(await browser.get(path.format(slug=marketplace.slug)))


async def test_from_an_address_that_no_page_has_one_comes_to_the_door_above_it(
    browser: Browser, marketplace: Marketplace
) -> None:
    for door in (f"/portal/{marketplace.slug}", f"/console/{marketplace.slug}"):
        lost = await browser.get(f"{door}/nothing")

        assert f'href="{door}">Go to the sign-in page</a>' in lost.text
        assert (await browser.get(door)).status_code == 200
    assert "Go to the sign-in page" not in (await browser.get("/portal/nobody")).text


async def test_an_error_inside_the_portal_wears_the_merchants_name(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)

    answer = await browser.get(f"/portal/{marketplace.slug}/subscriptions/999/cancel")

    assert marketplace.name in text_of(answer)
    assert "Go to your subscriptions" in text_of(answer)


OTHER_TYPES = ["application/json", "text/plain", "multipart/form-data; boundary=x", "nonsense", "application/xml"]


async def test_another_content_type_is_refused(browser: Browser, marketplace: Marketplace) -> None:
    for content_type in OTHER_TYPES:
        for form in ("access-links", f"access/{'A' * 64}", f"card/{'A' * 64}"):
            answer = await browser.post(
                f"/portal/{marketplace.slug}/{form}",
                content=b"email=jane@example.com",
                headers={**SAME_ORIGIN, "Content-Type": content_type},
            )
            assert answer.status_code == 415
            assert "We could not read that" in text_of(answer)
        assert await fetch_value("SELECT count(*) FROM link_request") == 0


async def test_a_body_without_a_content_type_is_refused(browser: Browser, marketplace: Marketplace) -> None:
    answer = await browser.post(
        f"/portal/{marketplace.slug}/access-links", content=b"email=jane@example.com", headers=SAME_ORIGIN
    )

    assert answer.status_code == 415


async def test_an_oversized_form_is_refused(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    path = f"/portal/{marketplace.slug}"
    token = form_of(await browser.get(f"{path}/contact"), "Sign out").fields["form_token"]
    padded = {"form_token": token, "padding": "x" * 17_000}

    for form in ("access-links", f"subscriptions/{subscription['number']}/cancel", "sign-out"):
        answer = await browser.send_form(f"{path}/{form}", {"email": "jane@example.com", **padded})
        assert answer.status_code == 413
        assert "larger than any form" in text_of(answer)
    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert await fetch_value("SELECT state FROM portal_session") == "active"


MALFORMED = [
    b"email=a%40b.org&email=c%40d.org",
    b"email=%ff%fe",
    b"email=\xff",
    b"&".join(b"f%d=x" % n for n in range(70)),
    b"email=a%00%40b.org",
]


async def test_a_malformed_form_is_refused(browser: Browser, marketplace: Marketplace) -> None:
    for body in MALFORMED:
        answer = await browser.post(
            f"/portal/{marketplace.slug}/access-links",
            content=body,
            headers={**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
        )

        assert answer.status_code == 422
        assert "could not be read" in text_of(answer)
        assert await fetch_value("SELECT count(*) FROM link_request") == 0


EMPTY = [b"", b"=", b"&&&", b"x", b"email", b"email=%zz"]


async def test_an_empty_form_is_told_what_it_lacks(browser: Browser, marketplace: Marketplace) -> None:
    for body in EMPTY:
        answer = await browser.post(
            f"/portal/{marketplace.slug}/access-links",
            content=body,
            headers={**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
        )

        assert answer.status_code == 422
        assert "Enter an e-mail address" in text_of(answer)


async def test_a_path_with_another_method_says_so(browser: Browser, marketplace: Marketplace) -> None:
    answer = await browser.put(f"/portal/{marketplace.slug}")

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "That can’t be done here" in text_of(answer)


async def test_an_unforeseen_error_shows_its_request_id_and_nothing_else(
    browser: Browser, marketplace: Marketplace
) -> None:
    await close_pool()  # the database is gone

    answer = await browser.get(f"/portal/{marketplace.slug}")

    assert answer.status_code == 500
    assert answer.headers["x-request-id"] in answer.text
    for inner in ("PoolMissing", "Traceback", "connection pool"):
        assert inner not in answer.text
    assert answer.headers["cache-control"] == "no-store"
