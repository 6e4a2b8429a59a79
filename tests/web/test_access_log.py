"""Who came to the door, from where, and what came of it: written down for acts and refused attempts, not for looks."""

from typing import Any

import asyncpg
import pytest
from litestar.routes import HTTPRoute

from models.database import Record, execute, fetch, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_link, a_marketplace, a_staff_member, a_staff_session, a_subscription
from tests.web.browsing import Browser, form_of, text_of
from tests.web.console.test_second_factor_pages import at_the_question, set_up
from workflows.access.access_log import client_digest, forget_accesses
from workflows.access.api_keys import create_key, revoke_key
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


async def _rows(outcome: str = "refused") -> list[Record]:
    return await fetch("SELECT * FROM access_log WHERE outcome = $1 ORDER BY id", outcome)


async def _reasons() -> list[str]:
    return [row["reason"] for row in await _rows()]


async def test_a_link_that_is_used_or_invented_is_refused_and_written_down(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    used = await a_link(marketplace, customer=customer, state="redeemed")
    home = f"/portal/{marketplace.slug}"

    await browser.send_form(f"{home}/access/{link_text(used)}", {})
    await browser.get(f"{home}/access/nonsense")
    body = {"marketplace": marketplace.slug, "token": link_text(used)}
    await browser.post("/api/v1/portal/sessions", json=body)

    rows = await _rows()
    assert [(row["reason"], row["entity_id"]) for row in rows] == [
        ("link_used", used["id"]),
        ("link_unknown", None),
        ("link_used", used["id"]),
    ]
    assert {row["marketplace_id"] for row in rows} == {marketplace.id}
    assert rows[0]["route"] == "POST /portal/{slug}/access/{token}"
    assert link_text(used) not in str([dict(row) for row in rows])


async def test_what_was_done_names_its_request_its_session_and_its_client(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    session = await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions/{subscription['number']}/cancel")

    cancelled = await browser.submit(page, "Confirm")

    assert cancelled.status_code == 303
    [done] = await _rows("done")
    move = await fetch_row("SELECT * FROM transition_log WHERE trigger = 'cancel'")
    assert move is not None
    assert done["request_id"] == move["request_id"] == cancelled.headers["X-Request-ID"]
    assert (done["actor_kind"], done["actor_id"]) == ("customer", str(customer["id"]))
    assert (done["session_id"], done["client"]) == (session["id"], client_digest("127.0.0.1"))
    assert done["client"] != client_digest("127.0.0.2")


async def test_a_story_tells_of_the_session_that_acted_and_of_the_link_that_began_it(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    link = await a_link(marketplace, customer=customer)
    await a_link(marketplace, customer=customer, state="redeemed")  # has nothing to do with it
    home = f"/portal/{marketplace.slug}"
    await browser.send_form(f"{home}/access/{link_text(link)}", {})
    page = await browser.get(f"{home}/subscriptions/{subscription['number']}/cancel")
    await browser.submit(page, "Confirm")
    await browser.sign_in_staff(marketplace, "auditor")

    story = await browser.get(f"/console/{marketplace.slug}/audit/subscriptions/{subscription['number']}")

    said = text_of(story)
    in_order = ["Started", "issued an access link", "The customer redeemed an access link", "The customer signed in"]
    in_order += ["Cancelled by its customer", "An e-mail (subscription cancelled) was written"]
    places = [said.index(sentence) for sentence in in_order]
    assert places == sorted(places)
    assert said.count("redeemed an access link") == 1
    assert f"client …{client_digest('127.0.0.1').hex()[-8:]}" in said
    of_customer = await browser.get(f"/console/{marketplace.slug}/audit/customers/{customer['number']}")
    assert text_of(of_customer).count("redeemed an access link") == 2


async def test_a_role_that_may_not_and_a_thing_that_is_not_theirs(browser: Browser, marketplace: Marketplace) -> None:
    support = await browser.sign_in_staff(marketplace, "support")
    elsewhere = await a_subscription(await a_marketplace(), number=4711)
    home = f"/console/{marketplace.slug}"

    await browser.get(f"{home}/people")
    await browser.get(f"{home}/subscriptions/{elsewhere['number']}")

    rows = await _rows()
    assert [(row["reason"], row["act"], row["status"]) for row in rows] == [
        ("forbidden", "people.manage", 403),
        ("not_found", "subscriptions.read", 404),
    ]
    assert {row["actor_id"] for row in rows} == {str(support["id"])}


async def test_dead_and_invented_keys(browser: Browser, marketplace: Marketplace) -> None:
    dead = await create_key(marketplace.id, "Old checkout")
    await revoke_key(marketplace.id, dead.id)

    for key in (dead.key, "gh_live_neverwasone"):
        await browser.get("/api/v1/marketplace", headers={"Authorization": f"Bearer {key}"})

    rows = await _rows()
    assert [(row["reason"], row["marketplace_id"], row["actor_id"]) for row in rows] == [
        ("not_signed_in", marketplace.id, str(dead.id)),
        ("not_signed_in", None, None),
    ]
    assert "neverwasone" not in str([dict(row) for row in rows])


async def test_a_wrong_code_of_the_second_factor(browser: Browser, marketplace: Marketplace) -> None:
    member = await browser.sign_in_staff(marketplace)
    await set_up(browser, marketplace)
    question = await at_the_question(browser, marketplace, member)

    await browser.submit(question, "Sign In", code="000000")

    [row] = await _rows()
    assert (row["reason"], row["actor_id"]) == ("wrong_second_factor", str(member["id"]))


async def test_beyond_a_limit_and_a_form_from_elsewhere(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINK_REQUESTS_PER_HOUR", "1")
    settings.cache_clear()
    home = f"/portal/{marketplace.slug}"

    for _ in range(2):
        await browser.send_form(f"{home}/access-links", {"email": "jane@example.com"})
    await browser.post(f"{home}/access-links", headers={"Sec-Fetch-Site": "cross-site"})

    assert await _reasons() == ["too_many_requests:link_requests", "cross_site"]


async def test_the_same_refusal_again_and_again_is_a_few_rows_that_count(
    browser: Browser, marketplace: Marketplace
) -> None:
    for _ in range(25):
        await browser.get(f"/portal/{marketplace.slug}/access/nonsense")

    assert [row["attempts"] for row in await _rows()] == [*[1] * 10, 10]


async def test_looking_and_mistyping_leave_nothing(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    home = f"/portal/{marketplace.slug}"
    await browser.get(home)
    await browser.get(f"{home}/subscriptions")  # asked to sign in
    await browser.get("/portal/nowhere")
    await browser.get("/api/v1/marketplace")
    await browser.send_form(f"{home}/access-links", {"email": "no address"})
    await browser.sign_in(marketplace, customer)
    await browser.get(f"{home}/subscriptions")

    assert await fetch_value("SELECT count(*) FROM access_log") == 0


async def test_readings_by_api_are_written_down_and_the_same_book_is_read_there(
    browser: Browser, marketplace: Marketplace
) -> None:
    member = await a_staff_member(marketplace, role="auditor")
    token, _ = await a_staff_session(marketplace, member)
    headers = {"Authorization": f"Bearer {token}"}

    await browser.get("/api/v1/transitions?machine=charge&from=2026-01-01", headers=headers)
    refused = await browser.get("/api/v1/transitions?machine=spaceship&to=soon", headers=headers)
    answer = await browser.get("/api/v1/access-log?outcome=read", headers=headers)

    assert refused.status_code == 422
    assert {one["field"] for one in refused.json()["errors"]} == {"machine", "to"}
    [reading] = answer.json()["accesses"]
    assert (reading["actor_id"], reading["actor_name"]) == (str(member["id"]), "Sam Staff")
    assert reading["details"] == {"page": "log", "machine": "charge", "from": "2026-01-01"}
    nonsense: list[dict[str, Any]] = [{"outcome": "maybe"}, {"client": "xyz"}, {"after": "x"}, {"limit": "0"}]
    for query in nonsense:
        assert (await browser.get("/api/v1/access-log", params=query, headers=headers)).status_code == 422, query


async def test_who_sends_one_request_id_again_and_again_does_not_hide_the_request_that_moved_something(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    home, same = f"/portal/{marketplace.slug}", {"X-Request-ID": "one-and-the-same"}
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"{home}/subscriptions/{subscription['number']}/cancel")
    for _ in range(12):
        await browser.send_form(f"{home}/language", form_of(page, "Confirm").fields | {"language": "en"}, **same)
    form = form_of(page, "Confirm")
    assert (await browser.send_form(form.action, form.fields, **same)).status_code == 303
    await other_browser.sign_in_staff(marketplace, "auditor")

    row = await other_browser.get(f"/console/{marketplace.slug}/audit/rows/subscription/{subscription['id']}/2")

    assert "POST /portal/{slug}/subscriptions/{number}/cancel" in text_of(row)


async def test_whatever_may_be_read_by_who_reads_the_log_is_written_down_and_so_is_a_persons_export(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    member = await browser.sign_in_staff(marketplace)
    token, _ = await a_staff_session(marketplace, member)
    paths = {
        route.path_format.replace("{slug}", marketplace.slug)
        for route in browser.application.routes
        if isinstance(route, HTTPRoute) and not route.path_parameters.keys() - {"slug"}
        for handler in route.route_handlers
        if "GET" in handler.http_methods and handler.opt.get("act") == "audit.read"
    }
    assert {"/api/v1/transitions/export", "/api/v1/checkpoints", f"/console/{marketplace.slug}/facts"} < paths
    paths |= {f"/api/v1/customers/{customer['number']}/{form}" for form in ("export", "archive")}

    for path in sorted(paths - {"/api/v1/transitions/proof"}):  # that needs a row
        before = len(await _rows("read"))
        assert (await browser.get(path, headers={"Authorization": f"Bearer {token}"})).status_code == 200, path
        assert len(await _rows("read")) == before + 1, path


async def test_nobody_changes_the_book_and_only_age_removes_from_it(
    browser: Browser, marketplace: Marketplace, fresh_database: FreshDatabase
) -> None:
    await browser.get(f"/portal/{marketplace.slug}/access/nonsense")
    changes = ("UPDATE access_log SET reason = ''", "DELETE FROM access_log", "TRUNCATE access_log")
    for change in changes:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(change)
    superuser = await asyncpg.connect(fresh_database.superuser_url)
    await superuser.execute("SET session_replication_role = replica")
    for change in changes:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await superuser.execute(change)
    await superuser.execute(
        "INSERT INTO access_log (at, outcome, act, route, reason, status, request_id, client)"
        " SELECT now() - interval '14 months', 'done', '', 'POST /', '', 200, 'old', client FROM access_log"
    )
    await superuser.close()

    assert await forget_accesses() == 1
    assert await _reasons() == ["link_unknown"]


def test_an_address_cannot_be_read_back_and_is_another_under_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = client_digest("203.0.113.9")
    assert before == client_digest("203.0.113.9")
    assert len(before) == 16
    monkeypatch.setenv("SECRET_KEY", f"new:{'x' * 40}")
    settings.cache_clear()

    assert client_digest("203.0.113.9") != before
