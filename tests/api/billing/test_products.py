"""Products by API: seen, renamed, repriced for orders from now on."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from models.database import fetch
from tests.factories import a_marketplace, a_product, a_subscription
from workflows.marketplaces.tenant import Marketplace

PRODUCTS = "/api/v1/products"
Keys = dict[str, str]


async def test_a_product_is_seen_by_id_and_own_reference_and_by_nobody_else(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    product = await a_product(marketplace, reference="box")
    elsewhere = await a_product(await a_marketplace(), reference="theirs")

    found = [(await api.get(f"{PRODUCTS}/{name}", headers=key)).json()["id"] for name in (product["id"], "box")]
    missing = [
        (await api.get(f"{PRODUCTS}/{name}", headers=key)).status_code
        for name in (elsewhere["id"], "theirs", uuid4(), "%00")
    ]

    assert found == [str(product["id"])] * 2
    assert missing == [404] * 4


async def test_a_new_price_is_for_new_orders_and_whoever_subscribed_keeps_theirs(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    product = await a_product(marketplace, amount_minor=1000)
    subscription = await a_subscription(marketplace, product=product)

    answer = await api.patch(f"{PRODUCTS}/{product['id']}", json={"amount_minor": 1200, "name": "Box XL"}, headers=key)

    assert (answer.status_code, answer.json()["amount_minor"], answer.json()["name"]) == (200, 1200, "Box XL")
    kept = (await api.get(f"/api/v1/subscriptions/{subscription['number']}", headers=key)).json()
    assert kept["amount_minor"] == 1000
    logged = [(row["subject"], row["before"], row["after"]) for row in await fetch("SELECT * FROM change_log")]
    before, after = {"name": "Monthly box", "amount_minor": 1000}, {"name": "Box XL", "amount_minor": 1200}
    assert logged == [(f"product:{product['id']}", before, after)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": "12"}, "amount_minor"),
        ({"name": " "}, "name"),
        ({"currency": "EUR"}, "currency"),
        ({"interval_unit": "week"}, "interval_unit"),
    ],
)
async def test_other_terms_are_another_product(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace, change: dict[str, Any], field: str
) -> None:
    product = await a_product(marketplace)

    answer = await api.patch(f"{PRODUCTS}/{product['id']}", json=change, headers=key)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_a_price_that_was_changed_meanwhile_is_not_overwritten(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    path = f"{PRODUCTS}/{(await a_product(marketplace))['id']}"
    headers = {**key, "If-Match": (await api.get(path, headers=key)).headers["ETag"]}

    first = await api.patch(path, json={"amount_minor": 900}, headers=headers)
    second = await api.patch(path, json={"amount_minor": 800}, headers=headers)

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["current"]["amount_minor"] == 900
