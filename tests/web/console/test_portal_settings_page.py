"""Customer Portal settings: what the article describes, saved, refused beside the field, seen as customers would."""

import pytest

from models.database import fetch, fetch_row
from tests.web.browsing import SAME_ORIGIN, Browser, form_of, text_of
from workflows.engine.actor import Actor
from workflows.marketplaces.portal_settings import PortalSettingsChange
from workflows.marketplaces.portal_settings_change import change_portal_settings
from workflows.marketplaces.tenant import Marketplace

SAVE = "Save Settings"


def page_of(marketplace: Marketplace) -> str:
    return f"/console/{marketplace.slug}/apps/customer-portal"


async def test_it_has_every_section_of_the_article_with_its_defaults(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)

    page = await browser.get(page_of(marketplace))

    words = text_of(page)
    for heading in ("Basic Settings", "Subscription Settings", "Brand Logo", "Contact Page Settings"):
        assert heading in words
    assert f'value="http://127.0.0.1:8000/portal/{marketplace.slug}" readonly' in page.text
    assert f'href="/console/{marketplace.slug}/general#logo"' in page.text
    fields = form_of(page, SAVE).fields
    assert fields["email_button"] == "yes"
    assert fields["self_cancellation"] == "yes"  # this marketplace's own
    assert "show_address" not in fields
    assert "show_support_email" not in fields
    assert "help@ada.example" in words


async def test_what_is_ticked_is_saved_and_what_is_not_is_off_and_both_are_written_down(
    browser: Browser, marketplace: Marketplace
) -> None:
    owner = await browser.sign_in_staff(marketplace)
    page = await browser.get(page_of(marketplace))
    form = form_of(page, SAVE)
    fields = {name: value for name, value in form.fields.items() if name != "email_button"}
    typed = {
        "show_address": "yes",
        "social_links[1]": " https://social.example.com/@ada ",
        "link_lifetime_minutes": "30",
    }

    told = await browser.follow(await browser.send_form(form.action, {**fields, **typed}))

    assert "The settings are saved" in text_of(told)
    row = await fetch_row("SELECT * FROM marketplace WHERE id = $1", marketplace.id)
    assert row is not None
    assert (row["email_button"], row["self_cancellation"], row["show_address"]) == (False, True, True)
    assert (row["social_links"], row["link_lifetime_minutes"]) == (["https://social.example.com/@ada"], 30)
    assert "Email Button: On became Off." in text_of(told)
    assert owner["email"] in text_of(told)
    logged = await fetch("SELECT * FROM change_log")
    assert [(one["subject"], one["actor_id"]) for one in logged] == [("portal_settings", str(owner["id"]))]


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("http://example.com", "It must begin with https://."),
        ("javascript:alert(1)", "It must begin with https://."),
        ("https://user:secret@example.com", "It must not contain a user name or password."),
        ("https://", "It must name a host"),
        ("www.example.com", "It must begin with https://."),
    ],
)
async def test_a_bad_link_is_refused_beside_its_own_field_and_nothing_is_saved(
    browser: Browser, marketplace: Marketplace, link: str, problem: str
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(page_of(marketplace))

    typed = {"social_links[1]": "https://good.example.com", "social_links[3]": link, "link_lifetime_minutes": "5"}
    answer = await browser.submit(page, SAVE, **typed, show_address="yes")

    assert answer.status_code == 422
    assert f'id="social_links[3]-error">{problem}' in answer.text
    assert "social_links[1]-error" not in answer.text
    assert "It must be 10 to 60 minutes." in text_of(answer)
    assert 'value="https://good.example.com"' in answer.text
    row = await fetch_row("SELECT show_address, social_links FROM marketplace WHERE id = $1", marketplace.id)
    assert row is not None
    assert tuple(row) == (False, [])


async def test_whoever_saves_what_was_changed_meanwhile_is_shown_it_first(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(page_of(marketplace))
    other = PortalSettingsChange(self_cancellation=False, social_links=["https://theirs.example.com"])
    await change_portal_settings(marketplace.id, other, Actor("staff", marketplace.id))

    answer = await browser.submit(page, SAVE, show_address="yes")
    words = text_of(answer)
    again = await browser.follow(await browser.submit(answer, SAVE))

    assert answer.status_code == 409
    assert "Somebody else changed these settings" in words
    assert "Self Cancellation: you have On, now it is Off." in words
    assert "Social Links: you have nothing, now it is https://theirs.example.com." in words
    assert "The settings are saved" in text_of(again)
    row = await fetch_row("SELECT self_cancellation, show_address FROM marketplace WHERE id = $1", marketplace.id)
    assert row is not None
    assert tuple(row) == (True, True)


async def test_the_preview_shows_the_portal_as_it_is_and_as_it_would_be(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    path = page_of(marketplace)
    page = await browser.get(path)
    fields = form_of(page, SAVE).fields

    saved = await browser.get(f"{path}/preview")
    without = {name: value for name, value in fields.items() if name != "self_cancellation"}
    typed = await browser.send_form(f"{path}/preview", without)
    contact = {**fields, "preview_page": "contact", "social_links[0]": "https://social.example.com/@ada"}
    contacted = await browser.send_form(f"{path}/preview", contact)

    assert "Cancel subscription" in text_of(saved)
    assert "Cancel subscription" not in text_of(typed)
    assert "social.example.com/@ada" in text_of(contacted)
    for one in (saved, typed, contacted):
        policy = one.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in policy
        assert "sandbox" in policy
        assert "script-src 'none'" in policy
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert (await fetch_row("SELECT FROM marketplace WHERE social_links <> '[]'")) is None


async def test_a_preview_of_a_link_that_runs_something_has_no_such_link(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    path = page_of(marketplace)
    fields = form_of(await browser.get(path), SAVE).fields

    typed = {**fields, "preview_page": "contact", "social_links[0]": "javascript:alert(1)"}
    answer = await browser.send_form(f"{path}/preview", typed)

    assert answer.status_code == 200
    assert "javascript:" not in answer.text


async def test_an_analyst_sees_the_settings_and_cannot_change_them(browser: Browser, marketplace: Marketplace) -> None:
    owner = await browser.sign_in_staff(marketplace)
    assert owner
    form = form_of(await browser.get(page_of(marketplace)), SAVE)
    await browser.sign_in_staff(marketplace, "analyst")

    page = await browser.get(page_of(marketplace))
    refused = await browser.post(form.action, data=form.fields, headers=SAME_ORIGIN)

    assert SAVE not in text_of(page)
    assert '<fieldset class="sheet" disabled>' in page.text
    assert refused.status_code == 403
