"""People: invited, given another role, removed; by an owner, and never the last one (PRODUCT.md 3.7)."""

import pytest

from models.database import fetch, fetch_row, fetch_value
from tests.factories import a_staff_link, a_staff_member, a_staff_session
from tests.web.browsing import Browser, text_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now


async def test_somebody_is_invited_and_told_where_to_sign_in(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}"
    owner = await browser.sign_in_staff(marketplace)

    page = await browser.get(f"{home}/people")
    assert "You work here alone" in text_of(page)
    answer = await browser.submit(page, "Send Invitation", email=" Ann@ada.example ", name="Ann", role="analyst")

    told = await browser.follow(answer)
    assert "Ann@ada.example is invited." in text_of(told)
    assert "Analyst" in text_of(told)
    row = await fetch_row("SELECT * FROM staff WHERE id <> $1", owner["id"])
    assert row is not None
    assert (row["email"], row["name"], row["role"]) == ("Ann@ada.example", "Ann", "analyst")
    email = await fetch_row("SELECT * FROM outgoing_email")
    assert email is not None
    assert (email["template"], email["recipient"], email["staff_id"]) == (
        "staff_invitation",
        "Ann@ada.example",
        row["id"],
    )
    change = await fetch_row("SELECT * FROM change_log")
    assert change is not None
    assert (change["actor_id"], change["subject"], change["act"]) == (str(owner["id"]), f"staff:{row['id']}", "invited")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"email": "nonsense", "role": "support"}, "Enter an e-mail address"),
        ({"email": "new@ada.example", "role": "king"}, "must be one of owner, support, analyst, auditor"),
        ({"email": "KNOWN@ada.example", "role": "support"}, "here already"),
        ({"email": "new@ada.example", "role": "support", "name": "x" * 121}, "at most 120"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said_beside_its_field(
    browser: Browser, marketplace: Marketplace, typed: dict[str, str], problem: str
) -> None:
    await a_staff_member(marketplace, email="known@ada.example")
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/people")

    answer = await browser.submit(page, "Send Invitation", **typed)

    assert answer.status_code == 422
    assert problem in text_of(answer)
    assert f'value="{typed["email"]}"' in answer.text
    assert await fetch_value("SELECT count(*) FROM staff") == 2
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0


async def test_who_was_removed_can_be_invited_again(browser: Browser, marketplace: Marketplace) -> None:
    await a_staff_member(marketplace, email="ann@ada.example", removed_at=now())
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/people")

    answer = await browser.submit(page, "Send Invitation", email="ann@ada.example", role="support")

    assert answer.status_code == 303


async def test_a_new_role_counts_from_the_next_request(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    await browser.sign_in_staff(marketplace)
    member = await other_browser.sign_in_staff(marketplace, "analyst")
    assert (await other_browser.get(f"{home}/apps")).status_code == 200

    page = await browser.get(f"{home}/people/{member['id']}")
    answer = await browser.submit(page, "Change Role", role="support")

    assert "is now support" in text_of(await browser.follow(answer))
    assert (await other_browser.get(f"{home}/apps")).status_code == 403
    change = await fetch_row("SELECT before, after FROM change_log")
    assert change is not None
    assert (change["before"], change["after"]) == ({"role": "analyst"}, {"role": "support"})


async def test_who_is_removed_is_out_at_once_everywhere(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    await browser.sign_in_staff(marketplace)
    member = await other_browser.sign_in_staff(marketplace, "support")
    link = await a_staff_link(marketplace, member)
    await a_staff_session(marketplace, member)

    question = await browser.get(f"{home}/people/{member['id']}/remove")
    assert "signed out everywhere" in text_of(question)
    assert await fetch_value("SELECT removed_at FROM staff WHERE id = $1", member["id"]) is None
    answer = await browser.submit(question, "Remove")

    assert f"{member['email']} is removed" in text_of(await browser.follow(answer))
    assert (await other_browser.get(f"{home}/account")).headers["location"] == home
    states = await fetch("SELECT state FROM portal_session WHERE staff_id = $1", member["id"])
    assert [row["state"] for row in states] == ["ended", "ended"]
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"]) == "expired"
    assert (await browser.get(f"{home}/people/{member['id']}")).status_code == 404


@pytest.mark.parametrize(("act", "button"), [("", "Change Role"), ("/remove", "Remove")])
async def test_the_last_owner_stays(browser: Browser, marketplace: Marketplace, act: str, button: str) -> None:
    owner = await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/people/{owner['id']}{act}")

    answer = await browser.submit(page, button, **({"role": "support"} if button == "Change Role" else {}))

    assert answer.status_code == 409
    assert "needs an owner" in text_of(answer)
    row = await fetch_row("SELECT role, removed_at FROM staff WHERE id = $1", owner["id"])
    assert row is not None
    assert tuple(row) == ("owner", None)


async def test_whoever_gives_up_ownership_lands_where_they_may_be(browser: Browser, marketplace: Marketplace) -> None:
    await a_staff_member(marketplace)
    owner = await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/people/{owner['id']}")

    told = await browser.follow(await browser.submit(page, "Change Role", role="auditor"))

    assert told.status_code == 200
    assert "is now auditor" in text_of(told)
    assert "People" not in text_of(told)


async def test_staff_to_whom_mail_stopped_are_marked_and_can_be_tried_again(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    await browser.sign_in_staff(marketplace)
    gone = {"undeliverable": "hard_bounce", "undeliverable_since": now()}
    member = await a_staff_member(marketplace, email="gone@ada.example", **gone)

    listed = text_of(await browser.get(f"{home}/people"))
    page = await browser.get(f"{home}/people/{member['id']}")
    again = await browser.follow(await browser.submit(page, "Try this address again"))

    assert "E-mails come back" in listed
    assert "Mail to gone@ada.example stopped." in text_of(page)
    assert "Mail goes to gone@ada.example again." in text_of(again)
    assert "stopped" not in text_of(again)
    assert await fetch_value("SELECT undeliverable FROM staff WHERE id = $1", member["id"]) is None
    assert await fetch_value("SELECT act FROM change_log WHERE subject = $1", f"staff:{member['id']}") == "tried_again"
