"""Erasing a customer and giving them their data, by API: when it may be, and what programs are told."""

import io
import zipfile

import httpx

from models.database import fetch_value
from tests.factories import a_customer, a_subscription
from workflows.marketplaces.tenant import Marketplace

CUSTOMERS = "/api/v1/customers"


async def test_a_customer_is_erased_when_nothing_stands_in_the_way(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    live = await a_subscription(marketplace)
    gone = await a_subscription(marketplace, state="cancelled")

    refused = await api.post(f"{CUSTOMERS}/{live['customer_id']}/erase", headers=key)
    looked = (await api.get(f"{CUSTOMERS}/{gone['customer_id']}/erasure", headers=key)).json()
    erased = await api.post(f"{CUSTOMERS}/{gone['customer_id']}/erase", headers=key)
    again = await api.post(f"{CUSTOMERS}/{gone['customer_id']}/erase", headers=key)

    assert (refused.status_code, refused.json()["code"]) == (409, "erasure_refused")
    assert refused.json()["detail"] == "Subscription 1 is not ended: cancel it first."
    assert (looked["hindrances"], looked["erased_at"]) == ([], None)
    assert erased.status_code == 200
    assert again.json() == erased.json()
    shown = (await api.get(f"{CUSTOMERS}/{gone['customer_id']}", headers=key)).json()
    assert (shown["email"], shown["name"]) == (f"erased-{shown['number']}@erased.invalid", "")
    for body in ({"name": "Jane"}, {"email": "jane@example.com"}):
        answer = await api.patch(f"{CUSTOMERS}/{gone['customer_id']}", json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "customer_erased")
    order = {"customer": shown["number"], "product": str(gone["product_id"])}
    placed = await api.post("/api/v1/orders", json=order, headers=key)
    assert (placed.status_code, placed.json()["code"]) == (409, "customer_erased")


async def test_a_persons_data_are_a_document_or_an_archive(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    customer = (await a_subscription(marketplace))["customer_id"]

    document = await api.get(f"{CUSTOMERS}/{customer}/export", headers=key)
    archive = await api.get(f"{CUSTOMERS}/{customer}/archive", headers=key)

    assert document.json()["subscriptions"][0]["number"] == 1
    assert zipfile.ZipFile(io.BytesIO(archive.content)).namelist() == ["data.json"]
    number = (await api.get(f"{CUSTOMERS}/{customer}", headers=key)).json()["number"]
    for answer, ending in ((document, "json"), (archive, "zip")):
        name = f"customer-{marketplace.slug}-{number}.{ending}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_who_may_be_either_of_two_customers_is_neither_erased_nor_given_away_nor_changed(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    one = await a_customer(marketplace)
    other = await a_customer(marketplace, reference=str(one["number"]))

    change = {"name": "Somebody Else"}
    for method, act, body in (
        ("GET", "/erasure", None),
        ("POST", "/erase", None),
        ("GET", "/export", None),
        ("GET", "/archive", None),
        ("GET", "/billing-details", None),
        ("PATCH", "/billing-details", change),
        ("PATCH", "", change),
        ("POST", "/try-again", None),
    ):
        answer = await api.request(method, f"{CUSTOMERS}/{one['number']}{act}", json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (409, "customer_ambiguous"), (method, act)
        assert "name the customer by their id" in answer.json()["detail"]
    assert await fetch_value("SELECT count(*) FROM customer WHERE name = 'Somebody Else'") == 0
    named = await api.patch(f"{CUSTOMERS}/{one['id']}/billing-details", json=change, headers=key)
    assert (named.status_code, named.json()["name"]) == (200, "Somebody Else")
    assert await fetch_value("SELECT count(*) FROM customer WHERE erased_at IS NOT NULL") == 0
    erased = await api.post(f"{CUSTOMERS}/{other['id']}/erase", headers=key)
    assert erased.json()["number"] == other["number"]
