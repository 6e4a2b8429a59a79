"""The development inbox: there with the capture mailer, for this machine alone."""

from uuid import UUID, uuid4

import pytest
from litestar import Litestar

from models.database import fetch_value
from tests.web.browsing import Browser, text_of
from workflows.runtime.settings import settings

PAGES = ("/inbox", "/inbox.json", "/inbox/{id}", "/inbox/{id}/html")
HTML = '<!doctype html><html><body><p style="color:teal">Hi</p><a href="http://127.0.0.1:8000/portal/x">Open</a>'


async def _email(subject: str = "Your one-time access link", html: str = HTML) -> UUID:
    return await fetch_value(
        "INSERT INTO captured_email (id, sender, recipient, reply_to, subject, html, plain, template)"
        " VALUES ($1, 'Ada <portal@gatehouse.example>', 'jane@example.com', 'help@ada.example', $2, $3,"
        " 'Open http://127.0.0.1:8000/portal/x', 'access_link') RETURNING id",
        uuid4(),
        subject,
        html,
    )


async def test_emails_are_listed_newest_first_for_people_and_programs(browser: Browser) -> None:
    first, second = await _email("First"), await _email("Second")

    page = await browser.get("/inbox")
    listed = (await browser.get("/inbox.json")).json()

    assert page.text.index("Second") < page.text.index("First")
    assert [email["id"] for email in listed] == [str(second), str(first)]
    assert set(listed[0]) == {"id", "to", "from", "reply_to", "subject", "html", "text", "template", "sent_at"}
    assert (listed[0]["to"], listed[0]["template"]) == ("jane@example.com", "access_link")


async def test_an_email_is_shown_in_a_sandbox_of_its_own(browser: Browser) -> None:
    email_id = await _email()

    page = await browser.get(f"/inbox/{email_id}")
    letter = await browser.get(f"/inbox/{email_id}/html")

    assert f'src="/inbox/{email_id}/html"' in page.text
    sandbox = page.text.partition('sandbox="')[2].partition('"')[0].split()
    assert "allow-top-navigation-by-user-activation" in sandbox
    assert not {"allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation"} & set(sandbox)
    policy = letter.headers["content-security-policy"].split("; ")
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert any(rule.startswith("sandbox ") and "allow-scripts" not in rule for rule in policy)
    assert '<base target="_top">' in letter.text


async def test_the_plain_text_is_shown_too_with_links_to_click(browser: Browser) -> None:
    email_id = await _email(html="<script>alert(1)</script>")

    page = await browser.get(f"/inbox/{email_id}")

    assert "<script>alert" not in page.text
    assert 'href="http://127.0.0.1:8000/portal/x"' in page.text


async def test_an_empty_inbox_says_what_to_do(browser: Browser) -> None:
    assert "No e-mail yet" in text_of(await browser.get("/inbox"))


UNKNOWN = ["x", "00000000-0000-0000-0000-000000000000", "%00", "1"]


async def test_an_unknown_email_is_not_there(browser: Browser) -> None:
    for email_id in UNKNOWN:
        assert (await browser.get(f"/inbox/{email_id}")).status_code == 404
        assert (await browser.get(f"/inbox/{email_id}/html")).status_code == 404


STRANGERS = ["10.0.0.7", "203.0.113.9", "2001:db8::1", ""]


async def test_another_machine_finds_no_inbox(browser: Browser, application: Litestar) -> None:
    for address in STRANGERS:
        email_id = await _email()

        async with Browser(application, address) as stranger:
            for page in PAGES:
                assert (await stranger.get(page.format(id=email_id))).status_code == 404


ROUNDABOUT = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"Forwarded": "for=10.0.0.7"},
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
]


async def test_neither_a_proxy_nor_a_rebound_name_reaches_it(browser: Browser) -> None:
    for headers in ROUNDABOUT:
        email_id = await _email()

        for page in PAGES:
            assert (await browser.get(page.format(id=email_id), headers=headers)).status_code == 404


async def test_with_another_mailer_there_is_no_inbox(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    email_id = await _email()
    monkeypatch.setenv("MAILER", "smtp")
    settings.cache_clear()

    for page in PAGES:
        assert (await browser.get(page.format(id=email_id))).status_code == 404
    assert "/inbox" not in (await browser.get("/")).text
