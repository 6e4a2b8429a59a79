"""Customers by API: made, seen, corrected; a corrected address ends what went to the wrong one."""

import asyncio
from typing import Any

import httpx
import pytest

from models.database import execute, fetch, fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_session
from workflows.marketplaces.tenant import Marketplace

CUSTOMERS = "/api/v1/customers"
Keys = dict[str, str]


async def test_a_customer_is_found_by_number_id_and_own_reference(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    customer = await a_customer(marketplace, reference="shop/77")

    answers = [
        await api.get(f"{CUSTOMERS}/{name}", headers=key)
        for name in (customer["number"], customer["id"], str(customer["id"]).upper(), "shop%2F77")
    ]

    assert {answer.status_code for answer in answers[:3]} == {200}
    assert {answer.json()["email"] for answer in answers[:3]} == {customer["email"]}


@pytest.mark.parametrize(
    "name", ["0", "999", "-1", "x", "%00", "1e3", "7b0f6f0e-6d0c-4c9e-9d0a-2f6d3a1e5c44", "9" * 40]
)
async def test_what_is_no_customer_of_ours_is_not_found(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, name: str
) -> None:
    elsewhere = await a_customer(await a_marketplace())
    await a_customer(marketplace)

    for path in (f"{CUSTOMERS}/{name}", f"{CUSTOMERS}/{elsewhere['id']}"):
        assert (await api.get(path, headers=key)).status_code == 404
        assert (await api.patch(path, json={"name": "Eve"}, headers=key)).status_code == 404


async def test_a_corrected_address_ends_the_customers_links_and_sessions_and_nobody_elses(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    customer, other = await a_customer(marketplace), await a_customer(marketplace)
    token, _ = await a_session(marketplace, customer)
    others_token, _ = await a_session(marketplace, other)
    link = await a_link(marketplace, customer=customer)

    answer = await api.patch(f"{CUSTOMERS}/{customer['number']}", json={"email": "right@example.com"}, headers=key)

    assert (answer.status_code, answer.json()["email"]) == (200, "right@example.com")
    seen = [
        (await api.get("/api/v1/portal/sessions", headers={"Authorization": f"Bearer {one}"})).status_code
        for one in (token, others_token)
    ]
    assert seen == [401, 200]
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"]) == "expired"
    ended = await fetch("SELECT moved_reason FROM portal_session WHERE state = 'ended'")
    assert [row["moved_reason"] for row in ended] == ["email_corrected"]


async def test_another_case_or_name_is_the_same_person_and_ends_nothing(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    customer = await a_customer(marketplace, email="jane@example.com")
    token, _ = await a_session(marketplace, customer)

    change = {"email": "Jane@Example.com", "name": " Jane\tDoe-Smith "}
    answer = await api.patch(f"{CUSTOMERS}/{customer['number']}", json=change, headers=key)

    assert (answer.json()["email"], answer.json()["name"]) == ("Jane@example.com", "Jane Doe-Smith")
    live = await api.get("/api/v1/portal/sessions", headers={"Authorization": f"Bearer {token}"})
    assert live.status_code == 200


async def test_an_address_of_another_customer_is_refused_whatever_its_case(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    await a_customer(marketplace, email="taken@example.com")
    customer = await a_customer(marketplace, name="Jane")

    answer = await api.patch(
        f"{CUSTOMERS}/{customer['number']}", json={"email": "TAKEN@example.com", "name": "Eve"}, headers=key
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "customer_exists")
    assert (await api.get(f"{CUSTOMERS}/{customer['number']}", headers=key)).json()["name"] == "Jane"
    await a_customer(await a_marketplace(), email="elsewhere@example.com")
    free = await api.patch(f"{CUSTOMERS}/{customer['number']}", json={"email": "elsewhere@example.com"}, headers=key)
    assert free.status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": None}, "email"),
        ({"name": "x" * 201}, "name"),
        ({"locale": "tlh"}, "locale"),
        ({"id": 1}, "id"),
    ],
)
async def test_a_wrong_correction_is_refused_by_its_field(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, change: dict[str, Any], field: str
) -> None:
    customer = await a_customer(marketplace)

    answer = await api.patch(f"{CUSTOMERS}/{customer['number']}", json=change, headers=key)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_a_customer_is_made_with_a_language_that_can_be_changed_and_taken_back(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    made = (await api.post(CUSTOMERS, json={"email": "jane@example.com", "locale": "pt-BR"}, headers=key)).json()
    path = f"{CUSTOMERS}/{made['number']}"
    changes: list[dict[str, Any]] = [{"locale": "de"}, {"name": "Jane"}, {"locale": None}]
    changed = [(await api.patch(path, json=change, headers=key)).json()["locale"] for change in changes]
    refused = await api.post(CUSTOMERS, json={"email": "anna@example.com", "locale": "klingon"}, headers=key)

    assert [made["locale"], *changed] == ["pt-BR", "de", "de", None]
    assert refused.json()["errors"][0]["field"] == "locale"


async def test_of_two_corrections_of_what_both_saw_one_is_told(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    path = f"{CUSTOMERS}/{(await a_customer(marketplace))['number']}"
    headers = {**key, "If-Match": (await api.get(path, headers=key)).headers["ETag"]}

    answers = await asyncio.gather(*(api.patch(path, json={"name": name}, headers=headers) for name in ("A", "B")))

    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_a_correction_is_written_down_without_the_address(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    customer = await a_customer(marketplace, email="jane@example.com")

    await api.patch(f"{CUSTOMERS}/{customer['number']}", json={"email": "anna@example.org"}, headers=key)
    await api.patch(f"{CUSTOMERS}/{customer['number']}", json={"email": "anna@example.org"}, headers=key)

    logged = [(row["before"], row["after"]) for row in await fetch("SELECT * FROM change_log")]
    assert logged == [({}, {"fields": ["email"]})]


async def test_an_order_names_its_customer_by_number_without_reading_all_of_them(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    await execute(
        "INSERT INTO customer (marketplace_id, number, email) SELECT $1, n, n || '@example.com'"
        " FROM generate_series(1, 2000) AS n",
        marketplace.id,
    )
    await execute("ANALYZE customer")
    plan = await fetch(
        "EXPLAIN SELECT FROM customer WHERE marketplace_id = $1 AND (number = $2 OR id = $3 OR reference = $4)",
        marketplace.id,
        7,
        None,
        "7",
    )

    assert "Seq Scan" not in str([row[0] for row in plan])
