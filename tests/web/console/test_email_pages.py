"""The pages of e-mails: every one to look at, errors beside the field, two editors, a preview that can do nothing."""

import re

from models.database import fetch_row
from tests.web.browsing import Browser, form_of, text_of
from workflows.emails.templates.catalogue import CATALOGUE
from workflows.emails.templates.examples import examples
from workflows.emails.templates.registry import TO_CUSTOMERS
from workflows.emails.templates.texts import EmailTextChange, change_text, email_text
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace

BY = Actor("worker", "test")


async def test_every_email_is_listed_and_has_its_page_in_every_case(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}/emails"
    await browser.sign_in_staff(marketplace)

    listed = await browser.get(home)

    assert {*re.findall(rf'href="{home}/(\w+)"', listed.text)} == set(CATALOGUE)
    for template in CATALOGUE:
        for case in examples(template, "USD"):
            page = await browser.get(f"{home}/{template}", params={"case": case, "width": "phone"})
            assert page.status_code == 200
            assert "letter-phone" in page.text
            assert ("Save Texts" in page.text) == (template in TO_CUSTOMERS)
    for nonsense in ("case=no+such", "language=tlh"):
        assert (await browser.get(f"{home}/refund?{nonsense}")).status_code == 422
    assert (await browser.get(f"{home}/no_such_email")).status_code == 404


async def test_who_may_only_read_looks_and_changes_nothing(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}/emails"
    await browser.sign_in_staff(marketplace, "analyst")

    for path in (home, f"{home}/failed_charge", f"{home}/staff_failed_job"):
        page = await browser.get(path)
        assert page.status_code == 200
        assert not re.findall(r"<button[^>]*>(Save|Send|Preview)", page.text)
    assert (await browser.get(f"{home}/failed_charge/preview")).status_code == 200
    assert (await browser.get(f"{home}/failed_charge/reset")).status_code == 403


async def test_the_words_of_one_language_are_saved_and_reset_without_the_others(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}/emails/refund"
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"{home}?language=de")

    words = {"subject": "Rückzahlung", "preheader": "", "heading": "Ihr Geld", "body": "{{ amount }} kommt zurück."}
    saved = await browser.follow(await browser.submit(page, "Save Texts", **words))

    assert "Ihr Geld" in (await browser.get(f"{home}/preview?language=de")).text
    assert "Ihr Geld" not in (await browser.get(f"{home}/preview?language=fr")).text
    assert form_of(saved, "Save Texts").fields["language"] == "de"
    asked = await browser.get(f"{home}/reset?language=de")
    await browser.submit(asked, "Reset to Default")
    assert (await email_text(marketplace.id, "refund", "de")).source == "default"


async def test_texts_are_edited_with_errors_beside_the_field_and_reset(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}/emails"
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"{home}/failed_charge")
    assert "{{ next_attempt_on }}" in text_of(page)

    words = {"subject": "About {{ product }}", "heading": "Hello", "body": "{{ amuont }}"}
    refused = await browser.submit(page, "Save Texts", **words)
    assert refused.status_code == 422
    assert "there is no {{ amuont }}" in text_of(refused)
    assert 'id="body-error"' in refused.text
    saved = await browser.submit(refused, "Save Texts", **words | {"body": "ü" * 5000})
    assert "The texts are saved" in text_of(await browser.follow(saved))
    assert (await email_text(marketplace.id, "failed_charge")).subject == "About {{ product }}"
    assert "Yours" in text_of(await browser.get(home))
    assert "Changed: subject, heading, text." in text_of(await browser.get(f"{home}/failed_charge"))

    asked = await browser.get(f"{home}/failed_charge/reset")
    await browser.submit(asked, "Reset to Default")
    assert (await email_text(marketplace.id, "failed_charge")).source == "default"


async def test_texts_that_somebody_else_changed_meanwhile_are_not_overwritten(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/emails/final_notice")
    theirs = EmailTextChange(subject="theirs", heading="h", body="b")
    await change_text(marketplace.id, "final_notice", theirs, BY)

    answer = await browser.submit(page, "Save Texts", subject="mine", heading="h", body="b")

    assert answer.status_code == 409
    assert "Somebody else changed these texts meanwhile" in text_of(answer)
    assert (await email_text(marketplace.id, "final_notice")).subject == "theirs"


async def test_a_preview_is_framed_and_can_do_nothing(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}/emails/failed_charge"
    await browser.sign_in_staff(marketplace)
    page = await browser.get(home)
    assert 'name="preview"' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    form = form_of(page, "Save Texts").fields | {"subject": "s", "heading": "Now then", "body": "b"}

    saved, typed, refused = (
        await browser.get(f"{home}/preview"),
        await browser.send_form(f"{home}/preview", form),
        await browser.send_form(f"{home}/preview", form | {"body": "{{ nonsense }}"}),
    )

    assert "Your payment did not go through" in saved.text
    assert "Now then" in typed.text
    assert "there is no {{ nonsense }}" in text_of(refused)
    for answer in (saved, typed, refused):
        policy = answer.headers["content-security-policy"]
        assert "sandbox allow-popups" in policy
        assert "script-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
    assert (await email_text(marketplace.id, "failed_charge")).source == "default"


async def test_a_test_email_is_staged_to_oneself(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/emails/failed_charge?language=fr")

    told = await browser.follow(await browser.submit(page, "Send a test to"))

    assert f"A test e-mail is on its way to {member['email']}" in text_of(told)
    sent = await fetch_row("SELECT recipient, language FROM outgoing_email WHERE cause LIKE 'test:%'")
    assert sent is not None
    assert (sent["recipient"], sent["language"]) == (member["email"], "fr")
