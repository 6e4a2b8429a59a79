"""A second factor: set up with an app's first code, asked for once the link is spent, no code taken twice."""

import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.fernet import Fernet
from pyotp.totp import TOTP

from models.database import Record, execute, fetch_row, fetch_value
from tests.factories import a_marketplace, a_staff_link, a_staff_member
from tests.web.browsing import Browser, text_of
from workflows.access.second_factor_codes import reencrypt_app_secrets
from workflows.access.team import remove_person
from workflows.access_tokens.one_time_links import link_text
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now
from workflows.runtime.keys import derive
from workflows.runtime.settings import settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def code_of(secret: str, at: datetime) -> str:
    return TOTP(secret).at(at)


async def set_up(browser: Browser, marketplace: Marketplace) -> tuple[str, list[str]]:
    """From the account page to the recovery codes; answers with the app's secret and them."""
    path = f"/console/{marketplace.slug}/account/second-factor"
    shown = await browser.follow(await browser.submit(await browser.get(path), "Set Up"))
    secret = shown.text.partition('<code class="secret">')[2].partition("</code>")[0]
    assert 'src="data:image/svg+xml' in shown.text
    done = await browser.submit(shown, "Turn On", code=code_of(secret, now()))
    assert done.status_code == 200, text_of(done)
    return secret, re.findall(r"<code>([^<]+)</code>", done.text)


async def test_recovery_codes_are_shown_once_also_to_who_reloads(browser: Browser, marketplace: Marketplace) -> None:
    path = f"/console/{marketplace.slug}/account/second-factor"
    await browser.sign_in_staff(marketplace)
    shown = await browser.follow(await browser.submit(await browser.get(path), "Set Up"))
    secret = shown.text.partition('<code class="secret">')[2].partition("</code>")[0]

    first = await browser.submit(shown, "Turn On", code=code_of(secret, now()))
    again = await browser.follow(await browser.submit(shown, "Turn On", code=code_of(secret, now())))

    assert first.status_code == 200
    assert "The recovery codes were shown once" in text_of(again)
    assert await fetch_value("SELECT count(*) FROM recovery_code WHERE used_at IS NULL") == len(
        re.findall(r"<code>([^<]+)</code>", first.text)
    )


async def at_the_question(
    browser: Browser, marketplace: Marketplace, member: Record, key_id: str = "test"
) -> httpx.Response:
    """With the link spent, before the page that asks for a code."""
    browser.cookies.clear()
    link = await a_staff_link(marketplace, member, key_id=key_id)
    answer = await browser.send_form(f"/console/{marketplace.slug}/access/{link_text(link)}", {})
    assert answer.headers["location"] == f"/console/{marketplace.slug}/second-factor"
    return await browser.follow(answer)


async def test_the_link_alone_no_longer_signs_in_and_a_code_does_once(
    browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    member = await browser.sign_in_staff(marketplace)
    with frozen(NOON):
        secret, recovery = await set_up(browser, marketplace)
        assert len(recovery) == len(set(recovery)) == 10
        question = await at_the_question(browser, marketplace, member)
        assert (await browser.get(f"{home}/apps")).headers["location"] == home  # not in yet

        replayed = await browser.submit(question, "Sign In", code=code_of(secret, NOON))
        assert (replayed.status_code, "not right" in text_of(replayed)) == (422, True)

    with frozen(NOON + timedelta(seconds=30)):
        taken = await browser.submit(question, "Sign In", code=code_of(secret, NOON + timedelta(seconds=30)))
        assert taken.headers["location"] == f"{home}/apps"  # which it was turned away from
        assert (await browser.get(f"{home}/apps")).status_code == 200
        again = await browser.submit(await at_the_question(browser, marketplace, member), "Sign In", code="000000")
    assert again.status_code == 422
    why = await fetch_value("SELECT moved_reason FROM portal_session ORDER BY id DESC LIMIT 1")
    assert why == "second_factor_given"


async def test_one_challenge_makes_one_session(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    member = await browser.sign_in_staff(marketplace)
    _, recovery = await set_up(browser, marketplace)
    question = await at_the_question(browser, marketplace, member)
    other_browser.cookies.update(browser.cookies)

    first = await browser.submit(question, "Sign In", code=recovery[0])
    second = await other_browser.submit(question, "Sign In", code=recovery[1])

    assert "gatehouse_session" in str(first.headers.get_list("set-cookie"))
    assert "already been used" in text_of(await other_browser.follow(second))
    assert await fetch_value("SELECT count(*) FROM recovery_code WHERE used_at IS NOT NULL") == 1


async def test_a_recovery_code_stands_for_the_app_once_however_it_is_typed(
    browser: Browser, marketplace: Marketplace
) -> None:
    member = await browser.sign_in_staff(marketplace)
    _, recovery = await set_up(browser, marketplace)

    typed = f" {recovery[3].upper().replace('-', ' ')} "
    first = await browser.submit(await at_the_question(browser, marketplace, member), "Sign In", code=typed)
    second = await browser.submit(await at_the_question(browser, marketplace, member), "Sign In", code=recovery[3])

    assert (first.status_code, second.status_code) == (303, 422)
    assert await fetch_value("SELECT count(*) FROM change_log WHERE act = 'recovery_code_used'") == 1


async def test_guessing_ends_after_five_codes(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace)
    secret, _ = await set_up(browser, marketplace)  # one of the five
    question = await at_the_question(browser, marketplace, member)

    answers = [await browser.submit(question, "Sign In", code=f"{guess:06}") for guess in range(5)]
    right = await browser.submit(question, "Sign In", code=code_of(secret, now()))

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429]
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0


async def test_nothing_is_asked_for_before_the_first_code_came(browser: Browser, marketplace: Marketplace) -> None:
    path = f"/console/{marketplace.slug}/account/second-factor"
    member = await browser.sign_in_staff(marketplace)
    shown = await browser.follow(await browser.submit(await browser.get(path), "Set Up"))
    wrong = await browser.submit(shown, "Turn On", code="12345")
    assert (wrong.status_code, "not right" in text_of(wrong)) == (422, True)
    browser.cookies.clear()

    link = await a_staff_link(marketplace, member)
    answer = await browser.send_form(f"/console/{marketplace.slug}/access/{link_text(link)}", {})

    assert "gatehouse_session" in str(answer.headers.get_list("set-cookie"))


async def test_removing_ones_own_takes_a_code_and_an_owner_removes_anothers(
    browser: Browser, other_browser: Browser, marketplace: Marketplace
) -> None:
    home = f"/console/{marketplace.slug}"
    member = await browser.sign_in_staff(marketplace, "support")
    _, recovery = await set_up(browser, marketplace)
    page = await browser.get(f"{home}/account/second-factor")
    refused = await browser.submit(page, "Remove second factor", code="nonsense")
    removed = await browser.submit(page, "Remove second factor", code=recovery[0])
    assert (refused.status_code, removed.status_code) == (422, 303)

    await set_up(browser, marketplace)
    await other_browser.sign_in_staff(marketplace)
    question = await other_browser.get(f"{home}/people/{member['id']}/second-factor")
    told = await other_browser.follow(await other_browser.submit(question, "Remove second factor"))

    assert "without a second factor" in text_of(told)
    assert await fetch_value("SELECT count(*) FROM second_factor") == 0
    assert await fetch_value("SELECT count(*) FROM recovery_code") == 0


async def test_neither_secret_nor_codes_are_kept_in_the_open(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    secret, recovery = await set_up(browser, marketplace)

    digests = "(SELECT string_agg(digest, '') FROM recovery_code)"
    kept: bytes = await fetch_value(f"SELECT sealed_secret || {digests} FROM second_factor")

    assert secret.encode() not in kept
    assert not [code for code in recovery if code.encode() in kept or code.replace("-", "").encode() in kept]


async def test_a_secret_stored_by_fernet_is_still_read_and_encrypted_anew_at_night(
    browser: Browser, marketplace: Marketplace
) -> None:
    member = await browser.sign_in_staff(marketplace)
    with frozen(NOON):
        secret, _ = await set_up(browser, marketplace)
    fernet = Fernet(urlsafe_b64encode(derive("test", "second_factor")))  # as before migration 0028
    await execute("UPDATE second_factor SET key_id = NULL, sealed_secret = $1", fernet.encrypt(secret.encode()))

    with frozen(NOON + timedelta(minutes=1)):
        question = await at_the_question(browser, marketplace, member)
        assert (await browser.submit(question, "Sign In", code=code_of(secret, now()))).status_code == 303
    assert (await reencrypt_app_secrets(), await reencrypt_app_secrets()) == (1, 0)
    assert await fetch_value("SELECT key_id FROM second_factor") == "test"
    with frozen(NOON + timedelta(minutes=2)):
        question = await at_the_question(browser, marketplace, member)
        assert (await browser.submit(question, "Sign In", code=code_of(secret, now()))).status_code == 303


async def test_a_secret_whose_key_is_gone_takes_no_code_and_stays_as_it_is(
    browser: Browser, marketplace: Marketplace
) -> None:
    member = await browser.sign_in_staff(marketplace)
    with frozen(NOON):
        secret, recovery = await set_up(browser, marketplace)
    for stored in ("key_id = 'gone'", "key_id = NULL, sealed_secret = 'gAAAAA'"):
        await execute(f"UPDATE second_factor SET {stored}")
        before = await fetch_row("SELECT * FROM second_factor")
        with frozen(NOON + timedelta(minutes=1)):
            question = await at_the_question(browser, marketplace, member)
            assert (await browser.submit(question, "Sign In", code=code_of(secret, now()))).status_code == 422
            assert (await browser.submit(question, "Sign In", code=recovery.pop())).status_code == 303
        assert await reencrypt_app_secrets() == 0
        assert await fetch_row("SELECT * FROM second_factor") == before


async def test_a_rotated_server_key_still_opens_it(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = await browser.sign_in_staff(marketplace)
    with frozen(NOON):
        secret, _ = await set_up(browser, marketplace)
    old = settings().secret_key
    monkeypatch.setenv("SECRET_KEY", f"next:{'n' * 40},{old}")
    settings.cache_clear()
    with frozen(NOON + timedelta(minutes=1)):
        question = await at_the_question(browser, marketplace, member)
        taken = await browser.submit(question, "Sign In", code=code_of(secret, now()))
    assert taken.status_code == 303

    assert (await reencrypt_app_secrets(), await reencrypt_app_secrets()) == (1, 0)  # as every night
    monkeypatch.setenv("SECRET_KEY", f"next:{'n' * 40}")
    settings.cache_clear()
    with frozen(NOON + timedelta(minutes=2)):
        question = await at_the_question(browser, marketplace, member, "next")
        assert (await browser.submit(question, "Sign In", code=code_of(secret, now()))).status_code == 303


async def test_a_challenge_is_of_one_marketplace_and_ten_minutes(browser: Browser, marketplace: Marketplace) -> None:
    member, elsewhere = await browser.sign_in_staff(marketplace), await a_marketplace()
    with frozen(NOON):
        _, recovery = await set_up(browser, marketplace)
        await at_the_question(browser, marketplace, member)
        challenge = browser.cookies.get("gatehouse_challenge") or ""
    for slug, at in ((elsewhere.slug, NOON), (marketplace.slug, NOON + timedelta(minutes=11))):
        with frozen(at):
            path = f"/console/{slug}/second-factor"
            headers = {b"cookie": f"gatehouse_challenge={challenge}".encode()}
            browser.cookies.clear()
            answer = await browser.post(path, data={"code": recovery[0]}, headers=headers)
            assert answer.headers["location"] == f"/console/{slug}"
    assert (await browser.get(f"/console/{marketplace.slug}/second-factor")).status_code == 303


async def test_somebody_removed_in_between_does_not_get_in(browser: Browser, marketplace: Marketplace) -> None:
    await a_staff_member(marketplace)
    member = await browser.sign_in_staff(marketplace)
    _, recovery = await set_up(browser, marketplace)
    question = await at_the_question(browser, marketplace, member)
    await remove_person(marketplace.id, member["id"], Actor("staff", member["id"]))

    answer = await browser.submit(question, "Sign In", code=recovery[0])

    assert answer.headers["location"] == f"/console/{marketplace.slug}"
