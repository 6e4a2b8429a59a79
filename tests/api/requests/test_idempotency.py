"""`Idempotency-Key`: sent again it happens once; what may be kept is kept, and no secret."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.app import app
from api.requests.idempotency import shows_a_secret
from models.database import execute, fetch, fetch_row, fetch_value, single_connection
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_product, a_staff_member, a_staff_session, a_subscription
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.idempotency import ANSWERS_KEPT_FOR, HELD_FOR, purge_old_requests
from workflows.runtime.clock import frozen, now

_CARD = {"gateway": "sandbox", "number": "4242424242424242", "exp_month": 12, "exp_year": 2033}
ORDERS = "/api/v1/orders"
Keys = dict[str, str]


async def an_order_body(api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, **facts: Any) -> dict[str, Any]:
    customer = await api.post("/api/v1/customers", json={"email": f"{uuid4().hex}@example.com"}, headers=key)
    product = await a_product(marketplace)
    return {"customer": customer.json()["number"], "product": str(product["id"]), "card": _CARD, **facts}


def under(key: Keys, name: str) -> Keys:
    return {**key, "Idempotency-Key": name}


async def test_the_same_order_again_is_answered_as_before_and_charged_once(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace)

    first = await api.post(ORDERS, json=body, headers=under(key, "checkout-1"))
    again = await api.post(ORDERS, json=body, headers=under(key, "checkout-1"))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert await fetch_value("SELECT count(*) FROM customer_order") == 1
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_fifty_at_once_are_one_order_and_one_charge(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace)

    answers = await asyncio.gather(*(api.post(ORDERS, json=body, headers=under(key, "once")) for _ in range(50)))

    by_status = {status: [one for one in answers if one.status_code == status] for status in (201, 409)}
    assert len(by_status[201]) + len(by_status[409]) == 50
    assert len({one.json()["number"] for one in by_status[201]}) == 1
    assert {(one.json()["code"], one.headers["Retry-After"]) for one in by_status[409]} <= {
        ("idempotency_key_busy", "1")
    }
    assert await fetch_value("SELECT count(*) FROM customer_order") == 1
    assert await fetch_value("SELECT count(*) FROM charge") == 1
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1
    assert (await api.post(ORDERS, json=body, headers=under(key, "once"))).status_code == 201


async def test_another_request_under_the_same_key_is_refused_and_does_nothing(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace)
    await api.post(ORDERS, json=body, headers=under(key, "k"))

    other = await api.post(ORDERS, json={**body, "reference": "another"}, headers=under(key, "k"))

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await fetch_value("SELECT count(*) FROM customer_order") == 1


async def test_a_key_is_its_callers_and_its_routes_own(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    other_key = {"Authorization": f"Bearer {(await create_key(marketplace.id, 'another')).key}"}
    elsewhere = {"Authorization": f"Bearer {(await create_key((await a_marketplace()).id, 'theirs')).key}"}
    token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace))
    person = {"Authorization": f"Bearer {token}"}

    answers = [
        await api.post("/api/v1/customers", json={"email": f"{uuid4().hex}@example.com"}, headers=under(who, "same"))
        for who in (key, other_key, elsewhere, person)
    ]
    product = {"name": "Box", "kind": "one_off", "amount_minor": 100}
    answers.append(await api.post("/api/v1/products", json=product, headers=under(key, "same")))

    assert {answer.status_code for answer in answers} == {201}
    assert not [answer for answer in answers if "Idempotency-Replayed" in answer.headers]


async def test_a_declined_order_stays_declined_and_is_not_tried_again(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace, card={**_CARD, "number": "4000000000000341"})

    answers = [await api.post(ORDERS, json=body, headers=under(key, "declined")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [402, 402]
    assert answers[1].content == answers[0].content
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert await fetch_value("SELECT count(*) FROM charge") == 1


async def test_what_was_refused_as_it_is_may_come_again_corrected(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace)

    refused = await api.post(ORDERS, json={**body, "reference": ""}, headers=under(key, "k"))
    corrected = await api.post(ORDERS, json=body, headers=under(key, "k"))

    assert (refused.status_code, corrected.status_code) == (422, 201)
    assert await fetch_value("SELECT count(*) FROM idempotent_request WHERE status = 201") == 1


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 256, "schlüssel", "a\tb"])
async def test_a_key_that_is_none_is_refused(api: httpx.AsyncClient, key: Keys, name: str) -> None:
    headers = {**key, "Idempotency-Key": name.encode()}

    answer = await api.post("/api/v1/customers", json={"email": "a@example.com"}, headers=headers)  # pyright: ignore[reportArgumentType]

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["Idempotency-Key"]
    assert await fetch_value("SELECT count(*) FROM customer") == 0


async def test_a_server_that_died_after_the_act_finds_the_order_when_it_is_sent_again(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace)
    first = await api.post(ORDERS, json=body, headers=under(key, "k"))
    await execute("UPDATE idempotent_request SET status = NULL, headers = NULL, body = NULL")  # as the death left it

    at_once = await api.post(ORDERS, json=body, headers=under(key, "k"))
    with frozen(now() + HELD_FOR):
        later = await api.post(ORDERS, json=body, headers=under(key, "k"))

    assert (at_once.status_code, at_once.json()["code"]) == (409, "idempotency_key_busy")
    assert (later.status_code, later.json()) == (201, first.json())
    assert await fetch_value("SELECT count(*) FROM customer_order") == 1
    assert await fetch_value("SELECT count(*) FROM charge") == 1
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_a_refund_after_such_a_death_is_given_once(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    body = await an_order_body(api, key, marketplace)
    await api.post(ORDERS, json=body, headers=key)
    path = f"/api/v1/charges/{await fetch_value('SELECT id FROM charge')}/refunds"
    first = await api.post(path, json={"amount_minor": 500}, headers=under(key, "refund-1"))
    await execute("UPDATE idempotent_request SET status = NULL, headers = NULL, body = NULL, claimed_until = now()")

    again = await api.post(path, json={"amount_minor": 500}, headers=under(key, "refund-1"))

    assert (again.status_code, again.json()) == (201, first.json())
    assert await fetch_value("SELECT refunded_minor FROM charge") == 500
    assert await fetch_value("SELECT count(*) FROM refund") == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/customers", {"email": "jane@example.com"}),
        ("/products", {"name": "Box", "kind": "one_off", "amount_minor": 100}),
    ],
)
async def test_what_is_made_is_made_once_whatever_died(
    api: httpx.AsyncClient, key: Keys, path: str, body: dict[str, Any]
) -> None:
    first = await api.post(f"/api/v1{path}", json=body, headers=under(key, "k"))
    await execute("UPDATE idempotent_request SET status = NULL, headers = NULL, body = NULL, claimed_until = now()")

    again = await api.post(f"/api/v1{path}", json=body, headers=under(key, "k"))

    assert (again.status_code, again.json()) == (201, first.json())


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, fresh_database: FreshDatabase
) -> None:
    body = await an_order_body(api, key, marketplace)
    async with single_connection(fresh_database.owner_url):
        await execute("REVOKE UPDATE ON idempotent_request FROM gatehouse_app")
    first = await api.post(ORDERS, json=body, headers=under(key, "k"))
    async with single_connection(fresh_database.owner_url):
        await execute("GRANT UPDATE ON idempotent_request TO gatehouse_app")

    with frozen(now() + HELD_FOR):
        again = await api.post(ORDERS, json=body, headers=under(key, "k"))

    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_after_an_error_of_ours_the_same_request_is_tried_again(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, fresh_database: FreshDatabase
) -> None:
    body = await an_order_body(api, key, marketplace)
    async with single_connection(fresh_database.owner_url):
        await execute("REVOKE INSERT ON charge FROM gatehouse_app")
    failed = await api.post(ORDERS, json=body, headers=under(key, "k"))
    async with single_connection(fresh_database.owner_url):
        await execute("GRANT INSERT ON charge TO gatehouse_app")

    another = await api.post(ORDERS, json={**body, "reference": "r"}, headers=under(key, "k"))
    again = await api.post(ORDERS, json=body, headers=under(key, "k"))

    assert [answer.status_code for answer in (failed, another, again)] == [500, 422, 201]
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_a_key_is_forgotten_after_a_day(api: httpx.AsyncClient, key: Keys, marketplace: Marketplace) -> None:
    body = {"name": "Box", "kind": "one_off", "amount_minor": 100}
    first = await api.post("/api/v1/products", json=body, headers=under(key, "k"))
    with frozen(now() + ANSWERS_KEPT_FOR - timedelta(seconds=1)):
        assert await purge_old_requests() == 0
        same = await api.post("/api/v1/products", json=body, headers=under(key, "k"))

    with frozen(now() + ANSWERS_KEPT_FOR + timedelta(seconds=1)):
        new = await api.post("/api/v1/products", json=body, headers=under(key, "k"))
        assert await purge_old_requests() == 0  # it was forgotten when it came again
    with frozen(now() + 3 * ANSWERS_KEPT_FOR):
        assert await purge_old_requests() == 1

    assert same.json() == first.json()
    assert new.json()["id"] != first.json()["id"]


async def test_an_act_without_a_body_is_done_once(api: httpx.AsyncClient, key: Keys, marketplace: Marketplace) -> None:
    subscription = await a_subscription(marketplace)
    path = f"/api/v1/subscriptions/{subscription['number']}/cancel"

    answers = [await api.post(path, headers=under(key, "k")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert (await api.post(path, headers=key)).status_code == 409


async def test_an_empty_answer_is_given_again_as_it_was(api: httpx.AsyncClient, key: Keys) -> None:
    answers = [await api.delete("/api/v1/marketplace/logo", headers=under(key, "k")) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert answers[1].headers["Idempotency-Replayed"] == "true"


async def test_reading_takes_no_key(api: httpx.AsyncClient, key: Keys) -> None:
    answer = await api.get("/api/v1/portal-settings", headers=under(key, "not even a key"))

    assert answer.status_code == 200
    assert await fetch_value("SELECT count(*) FROM idempotent_request") == 0


async def test_a_secret_is_shown_once_and_kept_nowhere(api: httpx.AsyncClient, key: Keys) -> None:
    body = {"url": "https://93.184.215.14/in"}

    first = await api.post("/api/v1/webhook-endpoints", json=body, headers=under(key, "k"))
    again = await api.post("/api/v1/webhook-endpoints", json=body, headers=under(key, "k"))

    assert first.status_code == 201, first.text
    assert (again.status_code, again.json()["code"]) == (409, "answer_shown_once")
    assert first.json()["secret"] not in again.text
    row = await fetch_row("SELECT body, status FROM idempotent_request")
    assert row is not None
    assert tuple(row) == (None, 201)
    assert await fetch_value("SELECT count(*) FROM webhook_endpoint") == 1


def test_every_answer_with_a_secret_is_known_as_one() -> None:
    paths = {
        f"{method} {route.path}"
        for route in app.routes
        if route.path.startswith("/api/v1/") and not route.path.startswith("/api/v1/portal/")
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if shows_a_secret(handler)
    }

    assert paths >= {"POST /api/v1/webhook-endpoints", "POST /api/v1/webhook-endpoints/{endpoint:str}/rotate-secret"}


async def test_no_card_number_is_kept(api: httpx.AsyncClient, key: Keys, marketplace: Marketplace) -> None:
    body = await an_order_body(api, key, marketplace)
    await api.post(ORDERS, json=body, headers=under(key, "k"))

    kept = await fetch("SELECT * FROM idempotent_request")

    assert len(kept) == 1
    assert "4242424242424242" not in str(dict(kept[0]))
    assert key["Authorization"].split()[1] not in str(dict(kept[0]))
