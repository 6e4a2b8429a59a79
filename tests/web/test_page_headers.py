"""The headers of every page, and the files that pages load."""

import re

from models.database import Record
from tests.factories import a_link, a_subscription
from tests.web.browsing import Browser
from web.static_files import static_url
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.logos import set_logo
from workflows.marketplaces.tenant import Marketplace
from workflows.operations.marketplace_setup import SET_UP

LIMIT = 30_000  # bytes of a page over the wire, with all that it loads but the logo


async def test_every_page_carries_the_headers_that_keep_it_to_itself(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    link = link_text(await a_link(marketplace))
    home = f"/portal/{marketplace.slug}"
    await browser.get(home)
    answers = {home: await browser.get(home), "/": await browser.get("/"), "/x": await browser.get("/x")}
    answers["to login"] = await browser.get(f"{home}/subscriptions")
    answers["link"] = await browser.get(f"{home}/access/{link}")
    await browser.sign_in(marketplace, customer)
    for page in ("subscriptions", f"subscriptions/{subscription['number']}/cancel", "payments", "contact", "sessions"):
        answers[page] = await browser.get(f"{home}/{page}")
    answers["error"] = await browser.get(f"{home}/invoices/INV-9.pdf")
    answers["cross site"] = await browser.post(f"{home}/sign-out", headers={"Sec-Fetch-Site": "cross-site"})

    for name, answer in answers.items():
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; "), name
        for rule in ("style-src 'self'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"):
            assert rule in policy.split("; "), name
        assert "unsafe" not in policy, name
        assert answer.headers["referrer-policy"] == "no-referrer", name
        assert answer.headers["cache-control"] == "no-store", name
        assert answer.headers["x-content-type-options"] == "nosniff", name
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", name
        assert "camera=()" in answer.headers["permissions-policy"], name
        assert "<style" not in answer.text, name
        assert not re.search(r"\son\w+=|style=|<script(?! type=\"module\" src=)", answer.text), name


async def test_static_files_are_named_by_their_digest_and_kept_for_a_year(browser: Browser) -> None:
    for name, media_type in (
        ("portal.css", "text/css; charset=utf-8"),
        ("portal.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ):
        answer = await browser.get(static_url(name))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_page_of_the_release_before_still_gets_its_stylesheet(browser: Browser) -> None:
    answer = await browser.get("/static/portal.000000000000.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


OTHER_FILES = ["x", "portal", "portal.css", "portal.x.y.css", "..%2frouting.py", "%00", "portal.1.js.map"]


async def test_no_other_file_is_served(browser: Browser) -> None:
    for name in OTHER_FILES:
        assert (await browser.get(f"/static/{name}")).status_code == 404


async def test_the_logo_is_shown_first_and_served_by_its_digest(browser: Browser, marketplace: Marketplace) -> None:
    from io import BytesIO

    from PIL import Image

    upload = BytesIO()
    Image.new("RGB", (40, 20), "teal").save(upload, "PNG")
    logo = await set_logo(marketplace.id, "image/png", upload.getvalue(), SET_UP)

    page = await browser.get(f"/portal/{marketplace.slug}")
    image = await browser.get(f"/logos/{logo.digest}")

    assert f'<img src="/logos/{logo.digest}" alt="">' in page.text
    assert (image.status_code, image.content) == (200, logo.image)
    assert image.headers["content-type"] == "image/png"
    assert "sandbox" in image.headers["content-security-policy"]


async def test_a_page_stays_under_30_kb_with_all_that_it_loads(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    for _ in range(10):
        await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    sizes = 0
    for path in (
        f"/portal/{marketplace.slug}/subscriptions",
        *(static_url(name) for name in ("portal.css", "portal.js", "icon.svg")),
    ):
        answer = await browser.get(path)
        sizes += int(answer.headers["content-length"])
        sizes += sum(len(name) + len(value) + 4 for name, value in answer.headers.items())

    assert sizes < LIMIT
