"""People by API: the same acts as the console's page, by an owner's session or a key with the scope."""

import httpx

from models.database import fetch, fetch_value
from tests.factories import a_staff_member, a_staff_session
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace

PEOPLE = "/api/v1/people"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_an_owner_invites_changes_and_removes_somebody(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    owner = await a_staff_member(marketplace, email="owner@ada.example")
    headers = bearer((await a_staff_session(marketplace, owner))[0])

    invited = await api.post(PEOPLE, headers=headers, json={"email": "ann@ada.example", "role": "support"})
    changed = await api.patch(f"{PEOPLE}/{invited.json()['id']}", headers=headers, json={"role": "analyst"})
    listed = await api.get(PEOPLE, headers=headers)
    removed = await api.delete(f"{PEOPLE}/{invited.json()['id']}", headers=headers)

    assert (invited.status_code, invited.json()["role"], invited.json()["last_seen_at"]) == (201, "support", None)
    assert changed.json()["role"] == "analyst"
    assert [one["email"] for one in listed.json()] == ["ann@ada.example", "owner@ada.example"]
    assert removed.status_code == 204
    assert (await api.get(f"{PEOPLE}/{invited.json()['id']}", headers=headers)).status_code == 404
    acts = await fetch("SELECT act, actor_kind, actor_id FROM change_log ORDER BY id")
    assert [row["act"] for row in acts] == ["invited", "changed", "removed"]
    assert {(row["actor_kind"], row["actor_id"]) for row in acts} == {("staff", str(owner["id"]))}


async def test_the_last_owner_stays(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    owner = await a_staff_member(marketplace)
    headers = bearer((await create_key(marketplace.id, "all")).key)

    removed = await api.delete(f"{PEOPLE}/{owner['id']}", headers=headers)
    demoted = await api.patch(f"{PEOPLE}/{owner['id']}", headers=headers, json={"role": "support"})

    assert (removed.status_code, demoted.status_code) == (409, 409)
    assert removed.json()["code"] == "last_owner"
    assert await fetch_value("SELECT count(*) FROM staff WHERE role = 'owner' AND removed_at IS NULL") == 1


async def test_each_field_that_breaks_its_rule_is_named(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    headers = bearer((await create_key(marketplace.id, "all")).key)
    body = {"email": "ann@ada.example", "role": "king", "name": "x" * 200}

    answer = await api.post(PEOPLE, headers=headers, json=body)

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"role", "name"}


async def test_invitations_end_after_thirty_in_an_hour(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    headers = bearer((await create_key(marketplace.id, "all")).key)
    for _ in range(29):
        await a_staff_member(marketplace)
    bodies = [{"email": f"{n}@ada.example", "role": "support"} for n in range(2)]

    answers = [await api.post(PEOPLE, headers=headers, json=body) for body in bodies]

    assert [answer.status_code for answer in answers] == [201, 429]
    assert int(answers[1].headers["Retry-After"]) > 0


async def test_keys_are_made_with_less_never_with_more(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    keys = "/api/v1/api-keys"
    small = bearer((await create_key(marketplace.id, "small", ("keys:manage", "orders:write"))).key)

    given = await api.post(keys, headers=small, json={"name": "Checkout", "scopes": ["orders:write"]})
    more = await api.post(keys, headers=small, json={"name": "More", "scopes": ["settings:write"]})
    unknown = await api.post(keys, headers=small, json={"name": "More", "scopes": ["everything"]})
    nothing = await api.post(keys, headers=small, json={"name": "More", "scopes": []})

    assert given.status_code == 201
    assert given.json()["key"].startswith("gh_test_")
    assert [answer.status_code for answer in (more, unknown, nothing)] == [422, 422, 422]
    assert "settings:write" in more.text
    listed = await api.get(keys, headers=small)
    assert given.json()["key"] not in listed.text
    assert [one["name"] for one in listed.json()] == ["Checkout", "small"]
    assert (await api.delete(f"{keys}/{given.json()['id']}", headers=small)).status_code == 204
    assert (await api.get(keys, headers=bearer(given.json()["key"]))).status_code == 401
