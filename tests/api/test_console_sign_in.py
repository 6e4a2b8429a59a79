"""Staff get in by API as by the pages: a link, a code where one is asked for, a session that speaks for the role."""

from uuid import UUID

import httpx
from pyotp.totp import TOTP

from models.database import fetch_value
from tests.factories import a_customer, a_marketplace, a_session, a_staff_link, a_staff_member, a_staff_session
from workflows.access.link_requests import handle_link_request
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

CONSOLE = "/api/v1/console"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_from_an_address_to_a_session_that_may_what_the_role_may(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    member = await a_staff_member(marketplace, role="analyst", email="ann@ada.example")
    asked = await api.post(
        f"{CONSOLE}/access-links", json={"marketplace": marketplace.slug, "email": "Ann@ada.example"}
    )
    unknown = await api.post(
        f"{CONSOLE}/access-links", json={"marketplace": marketplace.slug, "email": "x@ada.example"}
    )
    assert (asked.status_code, asked.content) == (unknown.status_code, unknown.content)
    request_id: UUID = await fetch_value("SELECT id FROM link_request WHERE email = 'Ann@ada.example'")
    await handle_link_request(marketplace.id, request_id)
    assert await fetch_value("SELECT staff_id FROM access_token") == member["id"]

    held = {"marketplace": marketplace.slug, "token": link_text(await a_staff_link(marketplace, member))}
    looked = await api.post(f"{CONSOLE}/access-links/look", json=held)
    begun = await api.post(f"{CONSOLE}/sessions", json=held)
    again = await api.post(f"{CONSOLE}/sessions", json=held)
    session = bearer(begun.json()["session_token"])

    assert looked.json()["masked_email"] == "a•••@ada.example"
    assert (begun.status_code, again.status_code) == (201, 410)
    assert (await api.get("/api/v1/portal-settings", headers=session)).status_code == 200
    refused = await api.patch("/api/v1/portal-settings", headers=session, json={"email_button": False})
    assert (refused.status_code, "the role analyst may not" in refused.text) == (403, True)
    assert (await api.get(f"{CONSOLE}/sessions", headers=session)).json()[0]["current"] is True
    assert (await api.delete(f"{CONSOLE}/sessions/current", headers=session)).status_code == 204
    assert (await api.get("/api/v1/portal-settings", headers=session)).status_code == 401


async def test_with_a_second_factor_a_link_gives_a_challenge_and_a_code_the_session(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    member = await a_staff_member(marketplace)
    own = bearer((await a_staff_session(marketplace, member))[0])
    factor = f"{CONSOLE}/second-factor"
    enrolled = (await api.post(factor, headers=own)).json()
    code = TOTP(enrolled["secret"]).at(now())
    recovery = (await api.post(f"{factor}/confirm", headers=own, json={"code": code})).json()["recovery_codes"]
    assert (await api.post(factor, headers=own)).status_code == 409

    held = {"marketplace": marketplace.slug, "token": link_text(await a_staff_link(marketplace, member))}
    begun = (await api.post(f"{CONSOLE}/sessions", json=held)).json()
    assert (begun["session_token"], begun["expires_at"]) == (None, None)
    answer = {"marketplace": marketplace.slug, "challenge": begun["challenge"]}
    wrong = await api.post(f"{CONSOLE}/sessions/second-factor", json={**answer, "code": code})  # taken already
    right = await api.post(f"{CONSOLE}/sessions/second-factor", json={**answer, "code": recovery[0]})
    again = await api.post(f"{CONSOLE}/sessions/second-factor", json={**answer, "code": recovery[1]})

    assert (wrong.status_code, right.status_code, again.status_code) == (422, 201, 410)
    session = bearer(right.json()["session_token"])
    assert (await api.get(factor, headers=session)).json()["recovery_codes_left"] == 9
    assert (await api.post(f"{factor}/remove", headers=session, json={"code": recovery[2]})).status_code == 204
    assert (await api.get(factor, headers=session)).json()["confirmed_at"] is None


async def test_only_staff_have_an_account_and_its_notices_are_those_of_the_role(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str], session: dict[str, str]
) -> None:
    account = f"{CONSOLE}/account"
    auditor = await a_staff_member(marketplace, role="auditor")
    own = bearer((await a_staff_session(marketplace, auditor))[0])

    changed = await api.patch(account, headers=own, json={"name": "Ada", "wants_failed_job": True})
    refused = await api.patch(account, headers=own, json={"name": "Eve", "wants_failed_charge": True})

    shown = {"wants_failed_charge": None, "wants_self_cancellation": None, "wants_failed_job": True}
    shown |= {"wants_broken_fact": False}
    assert changed.json() == {"email": auditor["email"], "name": "Ada", "role": "auditor", **shown}
    assert refused.status_code == 422
    assert (await api.get(account, headers=own)).json()["name"] == "Ada"
    for other in (key, session, {}):
        assert (await api.get(account, headers=other)).status_code == 401


async def test_sessions_of_customers_and_staff_do_not_open_each_others_routes(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    customer = bearer((await a_session(marketplace, await a_customer(marketplace)))[0])
    staff = bearer((await a_staff_session(marketplace, await a_staff_member(marketplace)))[0])

    for path in ("/api/v1/portal-settings", "/api/v1/people", f"{CONSOLE}/sessions"):
        assert (await api.get(path, headers=customer)).status_code == 401
        assert (await api.get(path, headers=staff)).status_code == 200
    for path in ("/api/v1/portal/sessions", "/api/v1/portal/subscriptions"):
        assert (await api.get(path, headers=staff)).status_code == 401


async def test_one_ends_ones_own_sessions_only(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    member, elsewhere = await a_staff_member(marketplace), await a_marketplace()
    own = bearer((await a_staff_session(marketplace, member))[0])
    _, another = await a_staff_session(marketplace, member)
    _, foreign = await a_staff_session(elsewhere, await a_staff_member(elsewhere))
    _, customers = await a_session(marketplace, await a_customer(marketplace))

    assert (await api.delete(f"{CONSOLE}/sessions/{another['id']}", headers=own)).status_code == 204
    for theirs in (foreign, customers):
        assert (await api.delete(f"{CONSOLE}/sessions/{theirs['id']}", headers=own)).status_code == 404
        assert (await api.put(f"{CONSOLE}/sessions/{theirs['id']}", headers=own)).status_code == 404
