"""What e-mails say: every template, in HTML and as plain text, with whatever people typed."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

from integrations.mailers import CaptureMailer
from integrations.mailers.mime import as_mime
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.workflows.emails.email_examples import EXAMPLES
from tests.workflows.emails.staged_emails import a_staged_email, the_captured
from tests.workflows.emails.written_emails import an_email, every_case
from workflows.emails.delivery import deliver
from workflows.emails.delivery.message import write_message
from workflows.emails.templates.catalogue import CATALOGUE, check_context
from workflows.emails.templates.registry import LETTERS
from workflows.emails.templates.triggers import OCCASIONS
from workflows.marketplaces.tenant import Marketplace

HOSTILE = '<script>alert(1)</script><img src=http://evil.example/x>{{ 7*7 }}"\r\nBcc: all@example.com\x07\u202e'
# The notices that staff tick under Your account, and what sums them up.
CHOSEN = {
    *("staff_failed_charge", "staff_self_cancellation", "staff_failed_job"),
    *("staff_broken_fact", "staff_failed_document", "staff_more"),
}
MAILER = CaptureMailer("portal@gatehouse.example")


async def _delivered(marketplace: Marketplace, template: str, **arguments: Any) -> tuple[str, str, str]:
    email_id = await a_staged_email(marketplace, template, **arguments)
    await deliver.deliver_email(marketplace.id, email_id, MAILER)
    captured = await the_captured(email_id)
    return captured["subject"], captured["html"], captured["plain"]


def test_every_email_of_the_catalogue_has_its_letter_and_an_example() -> None:
    assert set(LETTERS) == set(CATALOGUE) == set(EXAMPLES) == set(OCCASIONS)
    assert {template for template, _, _ in every_case()} == set(CATALOGUE)


def test_every_email_reads_well_in_html_and_as_plain_text() -> None:
    for template, case, context in every_case():
        check_context(template, context)

        message = write_message(an_email(template, context), None)

        for text in (message.html, message.text):
            for wrong in ("None", "{{", "{%", " ,", " . ", "  "):
                assert wrong not in re.sub(r"<[^>]*>", "", text.partition("<body")[2] or text), (template, case, wrong)
            assert "help@ada.example" in text
            assert "Cambridge" in text
        assert "\n" not in message.subject
        assert not re.search("<|\n\n\n", message.text)


def test_no_email_is_large_or_asks_for_anything_but_the_logo() -> None:
    for template, case, context in every_case():
        html = write_message(an_email(template, context, logo_digest="abc"), None).html

        assert len(html.encode()) < 100_000, (template, case)
        assert re.findall(r"""src=["']?([^"' >]*)""", html) == ["http://127.0.0.1:8000/logos/abc"]
        assert not re.findall(r"url\(|@import|<link|<script|<form|<iframe|<object|background=|srcset", html)
        assert unescape(re.findall('alt="([^"]*)"', html)[0]) == "Ada's Books" or 'alt="Ada\'s Books"' in html


def test_every_fact_and_link_of_the_html_is_in_the_plain_text() -> None:
    for template, case, context in every_case():
        message = write_message(an_email(template, context), None)
        body = re.sub('<div class="preheader.*?</div>', "", message.html.partition("<body")[2])
        said = [" ".join(unescape(text).split()) for text in re.findall(r">([^<]+)<", body)]
        only_html = {"If the button does not work, open this address:", "your account", "."}

        plain = " ".join(message.text.split())
        for text in filter(None, said):
            assert text in plain or text in only_html or text.endswith("Choose otherwise in"), (template, case, text)
        links = re.findall(r'href="(?:mailto:)?([^"]*)"', body)
        assert all(unescape(link) in message.text for link in links), (template, case)
        assert len({link for link in links if link.startswith("http")}) <= 1 + CATALOGUE[template].notice


def test_the_line_that_inboxes_show_says_something_else_than_the_subject() -> None:
    for template, case, context in every_case():
        message = write_message(an_email(template, context), None)
        preheader = re.findall('class="preheader"[^>]*>([^<]*)<', message.html)

        assert len(preheader) == 1, (template, case)
        assert 10 < len(unescape(preheader[0])) < 90, (template, case, preheader)
        assert preheader[0] not in message.subject


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


def test_the_email_button_stands_in_product_emails_as_its_setting_says_and_in_no_other() -> None:
    for template, case, context in every_case():
        on, off = (write_message(an_email(template, context, email_button=setting), None) for setting in (True, False))

        if template in ("order_receipt", "renewal_receipt", "trial_ending", "refund", "subscription_cancelled"):
            assert ('class="button"' in on.html, 'class="button"' in off.html) == (True, False), (template, case)
            assert ("/portal/ada" in on.text, "/portal/ada" in off.text) == (True, False), (template, case)
        else:
            assert (on.html, on.text) == (off.html, off.text), (template, case)


def test_only_what_its_reader_chose_can_be_unsubscribed_from() -> None:
    for template, case, context in every_case():
        message = write_message(an_email(template, context), None)
        mime = as_mime(message, "portal@gatehouse.example", datetime(2026, 3, 15, tzinfo=UTC))
        header = mime["List-Unsubscribe"]

        assert header == ("<http://127.0.0.1:8000/console/ada/account>" if template in CHOSEN else None), (
            template,
            case,
        )


def test_a_logo_is_shown_from_this_deployment_and_says_whose_it_is() -> None:
    html = write_message(an_email("access_link", {"lifetime_minutes": 60}, logo_digest="abc"), None).html

    assert re.findall('src="([^"]*)"', html) == ["http://127.0.0.1:8000/logos/abc"]
    assert unescape(re.findall('alt="([^"]*)"', html)[0]) == "Ada's Books"


async def test_amounts_and_dates_are_in_the_customers_locale_and_the_marketplaces_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(time_zone="Asia/Tokyo")
    customer = await a_customer(marketplace, locale="de-DE")
    context = {"amount_minor": 123456, "currency": "JPY", "paid_at": "2026-03-15T20:00:00+00:00"}

    _, _, plain = await _delivered(marketplace, "renewal_receipt", customer=customer, context=context)

    assert "123.456\N{NO-BREAK SPACE}¥" in plain
    assert "16. März 2026" in plain
