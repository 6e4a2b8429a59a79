"""What e-mails say: every template, in HTML and as plain text, with whatever people typed."""

import re
from pathlib import Path
from typing import Any

from integrations.mailers import CaptureMailer
from models.database import execute
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.workflows.email_examples import EXAMPLES
from tests.workflows.staged_emails import a_staged_email, the_captured
from workflows.emails import deliver
from workflows.emails.catalogue import CATALOGUE
from workflows.portal_views import Marketplace

HOSTILE = '<script>alert(1)</script><img src=http://evil.example/x>{{ 7*7 }}"\r\nBcc: all@example.com\x07\u202e'
TEMPLATES = Path(deliver.__file__).parent / "templates"
MAILER = CaptureMailer("portal@gatehouse.example")


async def _delivered(marketplace: Marketplace, template: str, **arguments: Any) -> tuple[str, str, str]:
    email_id = await a_staged_email(marketplace, template, **arguments)
    await deliver.deliver_email(marketplace.id, email_id, MAILER)
    captured = await the_captured(email_id)
    return captured["subject"], captured["html"], captured["plain"]


def test_every_email_of_the_catalogue_has_its_two_texts_and_an_example() -> None:
    written = {path.name for path in TEMPLATES.iterdir()} - {"layout.html", "layout.txt"}

    assert written == {f"{name}.{kind}" for name in CATALOGUE for kind in ("html", "txt")}
    assert set(EXAMPLES) == set(CATALOGUE)


async def test_every_email_reads_well_in_html_and_as_plain_text(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(address="12 Mill Lane\nCambridge")

    for template in CATALOGUE:
        _check_that_it_reads_well(template, *await _delivered(marketplace, template))


def _check_that_it_reads_well(template: str, subject: str, html: str, plain: str) -> None:
    assert "\n" not in subject
    assert html.startswith("<!DOCTYPE html>")
    assert len(html.encode()) < 100_000
    for text in (html, plain):
        assert "None" not in text
        assert "{{" not in text
        assert "help@ada.example" in text
        assert "Cambridge" in text
    assert "<" not in plain
    assert "\n\n\n" not in plain
    links = re.findall(r'href="(http[^"]*)"', html)
    assert len(set(links)) == (1 if CATALOGUE[template].button else 0)
    assert all(link in plain for link in links)
    assert not re.findall(r'src="|url\(|@import|<link|<script|<form', html)  # nothing remote: here there is no logo


async def test_every_email_does_without_what_it_may_but_need_not_know(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(support_email=None)

    for template, known in CATALOGUE.items():
        _, html, plain = await _delivered(marketplace, template, context=dict.fromkeys(known.may))

        assert "None" not in html + plain, template


async def test_the_access_link_email_is_called_what_the_article_calls_it(database: FreshDatabase) -> None:
    subject, _, plain = await _delivered(await a_marketplace(), "access_link", context={"lifetime_minutes": 45})

    assert subject == "Your one-time access link"
    assert "It works once, for 45 minutes." in plain


async def test_what_people_typed_stands_there_as_text(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(name=HOSTILE, address=HOSTILE)

    subject, html, plain = await _delivered(marketplace, "renewal_receipt", context={"product": HOSTILE})

    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)</script>" in plain
    assert "{{ 7*7 }}" in plain
    assert not re.search("[\r\x07\u202e]", subject + html + plain)
    assert "\n" not in subject
    assert "\nBcc" not in plain.partition("\n-- \n")[0]  # an address may have lines


async def test_a_logo_is_shown_from_this_deployment(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await execute("UPDATE marketplace SET logo_digest = 'abc' WHERE id = $1", marketplace.id)

    _, html, _ = await _delivered(marketplace, "access_link")

    assert re.findall('src="([^"]*)"', html) == ["http://127.0.0.1:8000/logos/abc"]
    assert 'alt="Ada&#39;s Books"' in html


async def test_amounts_and_dates_are_in_the_customers_locale_and_the_marketplaces_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(time_zone="Asia/Tokyo")
    customer = await a_customer(marketplace, locale="de-DE")
    context = {"amount_minor": 123456, "currency": "JPY", "paid_at": "2026-03-15T20:00:00+00:00"}

    _, _, plain = await _delivered(marketplace, "renewal_receipt", customer=customer, context=context)

    assert "123.456\N{NO-BREAK SPACE}¥" in plain
    assert "16. März 2026" in plain
