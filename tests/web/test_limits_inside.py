"""What one person may have written down and downloaded within an hour, as pages and by API; and what needs no row."""

from typing import Any

import httpx

from models.database import Record, fetch, fetch_value
from tests.factories import a_customer, a_link, a_session, a_staff_session
from tests.web.browsing import Browser, form_of, text_of
from workflows.access.request_limits import ACTS_AN_HOUR, DOWNLOADS_AN_HOUR
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace

_DONE = "SELECT count(*) FROM access_log WHERE outcome = 'done'"


async def _headers(marketplace: Marketplace, customer: Record) -> dict[str, Any]:
    token, _ = await a_session(marketplace, customer)
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def test_who_does_things_without_end_is_asked_to_wait_and_writes_no_more_rows(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    home, own = f"/portal/{marketplace.slug}", await _headers(marketplace, customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"{home}/contact")
    form = form_of(page, "Change")
    for _ in range(ACTS_AN_HOUR // 2):  # changes nothing, and is written down all the same
        by_api = await browser.put("/api/v1/portal/language", json={"language": None}, **own)
        by_form = await browser.send_form(form.action, form.fields)
        assert (by_api.status_code, by_form.status_code) == (200, 303)
    assert await fetch_value(_DONE) == ACTS_AN_HOUR

    refused = await browser.put("/api/v1/portal/language", json={"language": "de"}, **own)
    told = await browser.send_form(form.action, form.fields | {"language": "de"})

    assert (refused.status_code, refused.headers["Content-Type"]) == (429, "application/problem+json")
    assert refused.json()["code"] == "too_many_requests"
    assert 3000 < int(refused.headers["Retry-After"]) <= 3600
    assert (told.status_code, told.headers["Retry-After"] != "") == (429, True)
    assert "Too many tries Try again in" in text_of(told)
    assert "Nothing was changed. Go to your subscriptions" in text_of(told)
    assert await fetch_value(_DONE) == ACTS_AN_HOUR
    assert await fetch_value("SELECT locale FROM customer") is None
    reasons = {row["reason"] for row in await fetch("SELECT reason FROM access_log WHERE outcome = 'refused'")}
    assert reasons == {"too_many_requests:acts"}
    somebody_else = await _headers(marketplace, await a_customer(marketplace))
    assert (await browser.put("/api/v1/portal/language", json={"language": "de"}, **somebody_else)).status_code == 200
    assert (await browser.get("/api/v1/portal/subscriptions", **own)).status_code == 200
    assert (await browser.submit(page, "Sign out")).status_code == 303
    assert (await browser.delete("/api/v1/portal/sessions/current", **own)).status_code == 204


async def test_thirty_files_of_documents_an_hour_and_person_then_429(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    member = await browser.sign_in_staff(marketplace)
    token, _ = await a_staff_session(marketplace, member)
    for page, path, asks in (
        (f"/portal/{marketplace.slug}", "/api/v1/portal", await _headers(marketplace, customer)),
        (f"/console/{marketplace.slug}", "/api/v1", {"headers": {"Authorization": f"Bearer {token}"}}),
    ):

        async def both(page: str = page, path: str = path, asks: dict[str, Any] = asks) -> list[httpx.Response]:
            by_api = await browser.get(f"{path}/documents.zip", **asks)
            return [await browser.get(f"{page}/documents.zip"), by_api]

        for _ in range(DOWNLOADS_AN_HOUR // 2):
            assert [answer.status_code for answer in await both()] == [200, 200]
        told, refused = await both()

        assert (told.status_code, refused.status_code) == (429, 429)
        assert "Too many tries" in text_of(told)
        assert int(told.headers["Retry-After"]) > 3000
        assert refused.json()["code"] == "too_many_requests"


async def test_what_looks_by_post_and_signing_out_nobody_need_no_row(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    body = {"marketplace": marketplace.slug, "token": link_text(await a_link(marketplace, customer=customer))}

    looked = await browser.post("/api/v1/portal/access-links/look", json=body)
    left = await browser.send_form(f"/portal/{marketplace.slug}/sign-out", {})
    unknown = await browser.post("/api/v1/portal/access-links/look", json={**body, "token": "x"})

    assert (looked.status_code, left.status_code, unknown.status_code) == (200, 303, 410)
    rows = await fetch("SELECT outcome, reason FROM access_log")
    assert [tuple(row) for row in rows] == [("refused", "link_unknown")]
