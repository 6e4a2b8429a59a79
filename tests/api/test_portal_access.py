"""Getting in by API: PRODUCT.md §1 under /api/v1/portal."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from models.database import Record, fetch, fetch_row, fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_session, a_subscription
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now

ROOT = "/api/v1/portal"


def held(marketplace: Marketplace, link: Any) -> dict[str, str]:
    return {"marketplace": marketplace.slug, "token": link_text(link)}


async def test_asking_for_a_link_stages_the_request_for_the_worker(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    answer = await api.post(
        f"{ROOT}/access-links",
        json={"marketplace": marketplace.slug, "email": "jane@example.com"},
        headers={"X-Request-ID": "from-the-checkout"},
    )

    assert answer.status_code == 202
    staged = await fetch_row("SELECT actor, queue, request_id FROM outbox")
    assert staged is not None
    assert dict(staged) == {"actor": "link.request", "queue": "links", "request_id": "from-the-checkout"}


async def test_what_is_no_address_is_refused_by_name(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    for email in ("", "jane", "jane@", "@example.com", "a@b@c.example", "x" * 400 + "@example.com"):
        answer = await api.post(f"{ROOT}/access-links", json={"marketplace": marketplace.slug, "email": email})

        assert answer.status_code == 422, email
        assert [problem["field"] for problem in answer.json()["errors"]] == ["email"]
    assert await fetch_value("SELECT count(*) FROM outbox") == 0


async def test_an_unknown_marketplace_is_not_there(api: httpx.AsyncClient) -> None:
    for slug in ("nobodys-shop", "", "../x", "x" * 500):
        for path in ("access-links/look", "card-updates/look", "sessions", "access-links/renew"):
            answer = await api.post(f"{ROOT}/{path}", json={"marketplace": slug, "token": "t"})

            assert answer.status_code == 404, (slug, path)
        answer = await api.post(f"{ROOT}/access-links", json={"marketplace": slug, "email": "jane@example.com"})
        assert answer.status_code == 404


async def test_a_link_starts_one_session_that_opens_the_portal(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record
) -> None:
    link = await a_link(marketplace, customer=customer, return_to="payments")

    begun = await api.post(f"{ROOT}/sessions", json=held(marketplace, link), headers={"User-Agent": "Shop/1"})
    headers = {"Authorization": f"Bearer {begun.json()['session_token']}"}
    live = await api.get(f"{ROOT}/sessions", headers=headers)

    assert begun.status_code == 201
    assert set(begun.json()) == {"session_token", "expires_at", "return_to"}
    assert begun.json()["return_to"] == "payments"
    assert [(one["user_agent"], one["current"]) for one in live.json()] == [("Shop/1", True)]


async def test_a_link_works_once_also_when_many_come_at_once(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record
) -> None:
    link = await a_link(marketplace, customer=customer)

    answers = await asyncio.gather(*(api.post(f"{ROOT}/sessions", json=held(marketplace, link)) for _ in range(15)))

    assert sorted(answer.status_code for answer in answers) == [201] + [410] * 14
    assert await fetch_value("SELECT count(*) FROM portal_session") == 1


async def test_looking_at_a_link_shows_whom_it_signs_in_and_spends_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    customer = await a_customer(marketplace, email="jane.doe@example.com")
    link = await a_link(marketplace, customer=customer)

    looks = [await api.post(f"{ROOT}/access-links/look", json=held(marketplace, link)) for _ in range(3)]

    assert [look.status_code for look in looks] == [200] * 3
    assert looks[0].json()["masked_email"] == "j•••@example.com"
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"]) == "issued"


async def test_an_unusable_link_is_gone_and_changes_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record
) -> None:
    other = await a_marketplace()
    good = await a_link(marketplace, customer=customer)
    text = link_text(good)
    unusable = [
        held(marketplace, await a_link(marketplace, customer=customer, state="redeemed")),
        held(marketplace, await a_link(marketplace, customer=customer, state="expired")),
        held(marketplace, await a_link(marketplace, customer=customer, lifetime=timedelta(seconds=-1))),
        held(other, good),
        {"marketplace": marketplace.slug, "token": ("A" if text[0] != "A" else "B") + text[1:]},
        {"marketplace": marketplace.slug, "token": text[:-1] + ("A" if text[-1] != "A" else "B")},
        {"marketplace": marketplace.slug, "token": text + "A"},
        {"marketplace": marketplace.slug, "token": ""},
        {"marketplace": marketplace.slug, "token": "é" * 64},
        {"marketplace": marketplace.slug, "token": "x" * 10_000},
    ]
    for body in unusable:
        for path in ("access-links/look", "sessions"):
            answer = await api.post(f"{ROOT}/{path}", json=body)

            assert (answer.status_code, answer.json()["code"]) == (410, "link_unusable"), body
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", good["id"]) == "issued"
    assert await fetch_value("SELECT count(*) FROM portal_session") == 0


async def test_a_used_link_earns_a_new_one_to_the_address_on_file_and_an_invented_one_does_not(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record
) -> None:
    used = await a_link(marketplace, customer=customer, state="redeemed")

    renewed = await api.post(f"{ROOT}/access-links/renew", json=held(marketplace, used))
    invented = await api.post(f"{ROOT}/access-links/renew", json={"marketplace": marketplace.slug, "token": "x" * 64})

    assert (renewed.status_code, invented.status_code) == (202, 410)
    asked = await fetch("SELECT email, access_token_id FROM link_request")
    assert [tuple(row) for row in asked] == [(None, used["id"])]


async def test_a_card_link_opens_no_session(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    card_link = await a_link(marketplace, subscription=await a_subscription(marketplace))

    answer = await api.post(f"{ROOT}/sessions", json=held(marketplace, card_link))

    assert answer.status_code == 410


async def test_signing_out_ends_the_session_at_once(api: httpx.AsyncClient, session: dict[str, str]) -> None:
    answer = await api.delete(f"{ROOT}/sessions/current", headers=session)

    assert answer.status_code == 204
    assert (await api.get(f"{ROOT}/sessions", headers=session)).status_code == 401
    assert (await api.delete(f"{ROOT}/sessions/current", headers=session)).status_code == 401


async def test_a_customer_ends_another_of_their_own_sessions_and_nobody_elses(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    _, phone = await a_session(marketplace, customer)
    _, neighbours = await a_session(marketplace, await a_customer(marketplace))
    elsewhere = await a_marketplace()
    _, others = await a_session(elsewhere, await a_customer(elsewhere))

    ended = await api.delete(f"{ROOT}/sessions/{phone['id']}", headers=session)
    refused = [
        await api.request(method, f"{ROOT}/sessions/{which}", headers=session)
        for which in (neighbours["id"], others["id"], phone["id"], "nonsense", "0" * 32)
        for method in ("DELETE", "GET", "HEAD", "POST", "PUT", "PATCH", "TRACE")
    ]

    assert ended.status_code == 204
    assert {answer.status_code for answer in refused} == {404}
    live = await fetch("SELECT id FROM portal_session WHERE state = 'active'")
    assert {row["id"] for row in live} >= {neighbours["id"], others["id"]}


async def test_a_session_ends_after_half_an_hour_however_much_it_is_used(
    api: httpx.AsyncClient, session: dict[str, str]
) -> None:
    begun = now()
    for minutes, status in ((29, 200), (31, 401)):
        with frozen(begun + timedelta(minutes=minutes)):
            assert (await api.get(f"{ROOT}/subscriptions", headers=session)).status_code == status


async def test_nothing_of_a_customer_is_shown_without_their_session(
    api: httpx.AsyncClient, key: dict[str, str], session: dict[str, str]
) -> None:
    # fmt: off
    guarded = [
        ("GET", "sessions"), ("DELETE", "sessions/current"), ("GET", "subscriptions"), ("GET", "subscriptions/1"),
        ("POST", "subscriptions/1/cancel"), ("POST", "subscriptions/1/card-update-link"), ("GET", "payments"),
        ("GET", "invoices/INV-1"), ("GET", "contact"),
    ]
    # fmt: on
    for method, path in guarded:
        for headers in ({}, key, {"Authorization": "Bearer invented"}):
            answer = await api.request(method, f"{ROOT}/{path}", headers=headers)

            assert answer.status_code == 401, (method, path)
    # nor does a customer's session open what is the merchant's
    assert (await api.get("/api/v1/portal-settings", headers=session)).status_code == 401
