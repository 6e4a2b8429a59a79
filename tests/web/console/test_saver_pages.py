"""The Saver's policy as a page: errors beside the field, two editors; the way to its e-mails."""

import re

from tests.web.browsing import Browser, form_of, text_of
from web.console.saver import schedule
from workflows.billing.dunning.retry_policy import SaverPolicy, SaverPolicyChange, change_policy, saver_policy
from workflows.emails.templates.texts import EmailTextChange, change_text
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace

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

    for path in (home, f"{home}/texts"):
        page = await browser.get(path)
        assert page.status_code == 200
        assert "Save" not in re.findall(r"<button[^>]*>(\w+)", page.text)


async def test_the_savers_emails_lead_to_their_pages(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}"
    await browser.sign_in_staff(marketplace)
    own = EmailTextChange(subject="s", heading="h", body="b")
    await change_text(marketplace.id, "final_notice", own, BY)

    page = await browser.get(f"{home}/saver/texts")

    assert re.findall(r"Default|Your words", text_of(page)) == ["Default", "Your words"]
    for template in ("failed_charge", "final_notice"):
        assert f'href="{home}/emails/{template}"' in page.text
        assert (await browser.get(f"{home}/emails/{template}")).status_code == 200


def test_numbers_of_days_that_lie_close_stand_below_each_other() -> None:
    marks = schedule(SaverPolicy(attempt_days=[1, 2, 3, 30, 90], end="cancel", version=1))

    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)
    assert marks[0].x == 14
    assert marks[-1].x == 386
    assert [mark.y for mark in marks] == [44, 60, 76, 44, 44]
    assert len(schedule(SaverPolicy(attempt_days=[1], end="leave", version=1))) == 1
