"""The Saver's policy and e-mails as pages: errors beside the field, two editors, a preview that can do nothing."""

import re

from models.database import fetch_value
from tests.factories import a_marketplace
from tests.web.browsing import Browser, form_of, text_of
from web.console.saver import schedule
from workflows.actor import Actor
from workflows.portal_views import Marketplace
from workflows.saver_policy import SaverPolicy, SaverPolicyChange, change_policy, saver_policy
from workflows.saver_texts import SaverTextChange, change_text, saver_text

BY = Actor("worker", "test")


async def test_the_policy_is_drawn_changed_and_its_change_shown(browser: Browser, marketplace: Marketplace) -> None:
    path = f"/console/{marketplace.slug}/saver"
    member = await browser.sign_in_staff(marketplace)
    page = await browser.get(path)
    assert 'aria-label="Attempts on days 1, 4, 8, 15"' in page.text
    assert "Day 15 Attempt 4" in text_of(page)

    saved = await browser.submit(page, "Save Policy", attempt_days="1, 3 ,9", end="leave")

    after = await browser.follow(saved)
    assert "The policy is saved as version 2" in text_of(after)
    assert "Days 1, 4, 8, 15 became 1, 3, 9." in text_of(after)
    assert member["email"] in text_of(after)
    assert (await saver_policy(marketplace.id)).attempt_days == [1, 3, 9]


async def test_days_that_break_a_rule_are_shown_again_with_the_reason(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/saver")

    for typed, reason in (("1, 9, 4", "ascending"), ("<b>", "whole numbers"), ("1,2,3,4,5,6,7,8,9", "at most 8")):
        refused = await browser.submit(page, "Save Policy", attempt_days=typed, end="cancel")
        assert refused.status_code == 422
        assert reason in text_of(refused)
        assert 'aria-describedby="attempt_days-hint attempt_days-error" aria-invalid="true"' in refused.text
        assert form_of(refused, "Save Policy").fields["attempt_days"] == typed
    nonsense = await browser.submit(page, "Save Policy", end="explode")
    assert nonsense.status_code == 422
    assert (await saver_policy(marketplace.id)).version == 1


async def test_a_policy_that_somebody_else_changed_meanwhile_is_not_overwritten(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/saver")
    await change_policy(marketplace.id, SaverPolicyChange(attempt_days=[1, 2], end="leave"), BY)

    answer = await browser.submit(page, "Save Policy", attempt_days="1, 5", end="cancel")

    assert answer.status_code == 409
    assert "Somebody else changed the policy meanwhile" in text_of(answer)
    assert form_of(answer, "Save Policy").fields["attempt_days"] == "1, 5"
    assert (await saver_policy(marketplace.id)).attempt_days == [1, 2]
    await browser.submit(answer, "Save Policy", end="cancel")  # seen now, and wanted all the same
    assert (await saver_policy(marketplace.id)).attempt_days == [1, 5]


async def test_who_may_only_read_sees_no_form(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "analyst")
    home = f"/console/{marketplace.slug}/saver"

    for path in (home, f"{home}/texts", f"{home}/texts/failed_charge"):
        page = await browser.get(path)
        assert page.status_code == 200
        assert "Save" not in re.findall(r"<button[^>]*>(\w+)", page.text)
    assert (await browser.get(f"{home}/texts/failed_charge/reset")).status_code == 403


def test_numbers_of_days_that_lie_close_stand_below_each_other() -> None:
    marks = schedule(SaverPolicy(attempt_days=[1, 2, 3, 30, 90], end="cancel", version=1))

    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)
    assert marks[0].x == 14
    assert marks[-1].x == 386
    assert [mark.y for mark in marks] == [44, 60, 76, 44, 44]
    assert len(schedule(SaverPolicy(attempt_days=[1], end="leave", version=1))) == 1


async def test_texts_are_edited_with_errors_beside_the_field_and_reset(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}/saver/texts"
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
    assert (await saver_text(marketplace.id, "failed_charge")).subject == "About {{ product }}"
    assert "Your words" in text_of(await browser.get(home))

    asked = await browser.get(f"{home}/failed_charge/reset")
    await browser.submit(asked, "Reset to Default")
    assert not (await saver_text(marketplace.id, "failed_charge")).own


async def test_texts_that_somebody_else_changed_meanwhile_are_not_overwritten(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/saver/texts/final_notice")
    theirs = SaverTextChange(subject="theirs", heading="h", body="b")
    await change_text(marketplace.id, "final_notice", theirs, BY)

    answer = await browser.submit(page, "Save Texts", subject="mine", heading="h", body="b")

    assert answer.status_code == 409
    assert "Somebody else changed these texts meanwhile" in text_of(answer)
    assert (await saver_text(marketplace.id, "final_notice")).subject == "theirs"


async def test_a_preview_is_framed_and_can_do_nothing(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}/saver/texts/failed_charge"
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
    assert not (await saver_text(marketplace.id, "failed_charge")).own


async def test_a_test_email_is_staged_to_oneself(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/saver/texts/failed_charge")

    told = await browser.follow(await browser.submit(page, "Send a test to"))

    assert f"A test e-mail is on its way to {member['email']}" in text_of(told)
    assert await fetch_value("SELECT recipient FROM outgoing_email WHERE cause LIKE 'test:%'") == member["email"]


async def test_an_email_that_cannot_be_reworded_has_no_page(browser: Browser, marketplace: Marketplace) -> None:
    await a_marketplace()
    await browser.sign_in_staff(marketplace)

    assert (await browser.get(f"/console/{marketplace.slug}/saver/texts/access_link")).status_code == 404
