"""What staff do about a subscription, by API: card e-mail, next charge, cancel later, undo, restart, receipt."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.database import Record, fetch, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_subscription
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

ROOT = "/api/v1/subscriptions"


def _days(count: int) -> str:
    return (now() + timedelta(days=count)).date().isoformat()


def _path(subscription: Record, act: str) -> str:
    return f"{ROOT}/{subscription['number']}/{act}"


async def test_a_card_email_goes_to_the_customer_five_times_an_hour(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    customer = await a_customer(marketplace, email="jane@example.com")
    subscription = await a_subscription(marketplace, customer=customer)

    answers = [await api.post(_path(subscription, "card-update-email"), headers=key) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    mails = await fetch("SELECT DISTINCT template, recipient FROM outgoing_email")
    assert [tuple(mail) for mail in mails] == [("card_update_link", "jane@example.com")]
    assert (await fetch_value("SELECT DISTINCT moved_by FROM access_token")).startswith("api_key:")


async def test_the_next_charge_is_moved(api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]) -> None:
    subscription = await a_subscription(marketplace)

    moved = await api.post(_path(subscription, "next-charge"), headers=key, json={"date": _days(40)})
    past = await api.post(_path(subscription, "next-charge"), headers=key, json={"date": _days(0)})
    nonsense = await api.post(_path(subscription, "next-charge"), headers=key, json={"date": "soon"})

    assert moved.status_code == 200
    assert moved.json()["next_charge_at"].startswith(_days(40))
    for refused in (past, nonsense):
        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["errors"]] == ["date"]


@pytest.mark.parametrize("body", [None, {}, {"at": "now"}])
async def test_it_is_cancelled_now_with_a_body_or_without(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str], body: dict[str, Any] | None
) -> None:
    subscription = await a_subscription(marketplace)

    answer = await api.post(_path(subscription, "cancel"), headers=key, json=body)

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    again = await api.post(_path(subscription, "cancel"), headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "transition_refused")


@pytest.mark.parametrize("at", ["period_end", _days(12)])
async def test_it_is_cancelled_later_and_that_is_undone(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str], at: str
) -> None:
    subscription = await a_subscription(marketplace)

    arranged = (await api.post(_path(subscription, "cancel"), headers=key, json={"at": at})).json()
    undone = (await api.post(_path(subscription, "undo-cancel"), headers=key)).json()
    twice = await api.post(_path(subscription, "undo-cancel"), headers=key)

    assert arranged["state"] == "active"
    assert arranged["cancel_at"] is not None
    assert arranged["next_charge_at"] is None  # it is not charged again
    assert undone["cancel_at"] is None
    assert undone["next_charge_at"] is not None
    assert (twice.status_code, twice.json()["code"]) == (409, "not_now")


@pytest.mark.parametrize("body", [{"at": "whenever"}, {"at": 5}, {"when": "now"}])
async def test_what_is_no_time_is_refused_by_name(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str], body: dict[str, Any]
) -> None:
    subscription = await a_subscription(marketplace)

    answer = await api.post(_path(subscription, "cancel"), headers=key, json=body)

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [next(iter(body))]
    assert await fetch_value("SELECT state FROM subscription") == "active"


async def test_a_cancelled_one_is_restarted_once(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    subscription = await a_subscription(marketplace, state="cancelled")

    answer = await api.post(_path(subscription, "restart"), headers=key)
    again = await api.post(_path(subscription, "restart"), headers=key)

    assert (answer.status_code, answer.json()["state"], answer.json()["ended_at"]) == (200, "active", None)
    assert again.status_code == 409


async def test_a_receipt_goes_again_to_the_present_address(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    customer = await a_customer(marketplace, email="jane@example.com")
    subscription = await a_subscription(marketplace, customer=customer)
    renewal = await a_charge(marketplace, subscription=subscription)
    first = await a_charge(marketplace, subscription=subscription, initiator="order")
    one_off = await a_charge(marketplace)
    failed = await a_charge(marketplace, subscription=subscription, state="failed")

    answers = [
        (await api.post(f"/api/v1/charges/{charge['id']}/receipt", headers=key)).status_code
        for charge in (renewal, renewal, first, one_off, failed)
    ]

    assert answers == [202, 202, 202, 202, 409]
    mails = await fetch("SELECT template, count(*) AS mails FROM outgoing_email GROUP BY template ORDER BY template")
    assert [tuple(mail) for mail in mails] == [("order_receipt", 2), ("renewal_receipt", 2)]


async def test_a_receipt_asked_for_twice_under_one_key_goes_once_and_five_go_in_an_hour(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    charge = await a_charge(marketplace, subscription=await a_subscription(marketplace))
    path = f"/api/v1/charges/{charge['id']}/receipt"

    same = [await api.post(path, headers={**key, "Idempotency-Key": "once"}) for _ in range(2)]
    more = [(await api.post(path, headers=key)).status_code for _ in range(5)]

    assert [answer.status_code for answer in same] == [202, 202]
    assert more == [202] * 4 + [429]
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 5


async def test_each_act_needs_its_scope_and_its_own_marketplace(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    reader = await create_key(marketplace.id, "reader", ("subscriptions:read", "refunds:write"))
    subscription = await a_subscription(marketplace)
    elsewhere = await a_subscription(await a_marketplace(), number=4711)
    bodies: dict[str, Any] = {
        "card-update-email": {},
        "next-charge": {"date": _days(9)},
        "cancel": {"at": "period_end"},
        "undo-cancel": {},
        "restart": {},
    }

    for act, body in bodies.items():
        headers = {"Authorization": f"Bearer {reader.key}"}
        assert (await api.post(_path(subscription, act), headers=headers, json=body)).status_code == 403
        assert (await api.post(_path(elsewhere, act), headers=key, json=body)).status_code == 404


async def test_the_timeline_tells_every_move_with_who_and_why(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    subscription = await a_subscription(marketplace)
    charge = await a_charge(marketplace, subscription=subscription)
    await a_charge(marketplace, subscription=await a_subscription(marketplace))
    await api.post(_path(subscription, "cancel"), headers=key, json={"at": "period_end"})

    entries = (await api.get(_path(subscription, "timeline"), headers=key)).json()

    told = [(one["machine"], one["trigger"], one["actor_kind"], one["actor_name"]) for one in entries]
    assert told == [
        ("subscription", "cancel_later", "api_key", "tests"),
        ("charge", "import", "import", None),
        ("subscription", "start", "worker", None),
    ]
    assert (entries[1]["entity_id"], entries[1]["amount_minor"]) == (str(charge["id"]), 1999)
    assert entries[0]["reason"] == "cancellation_at_period_end"


async def test_the_export_is_the_list_as_csv(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    subscription = await a_subscription(marketplace)
    await a_subscription(marketplace, state="cancelled")

    file = await api.get(f"{ROOT}/export", headers=key, params={"state": "active"})
    refused = await api.get(f"{ROOT}/export", headers=key, params={"search": "x", "started_from": _days(0)})

    lines = file.content.decode("utf-8-sig").splitlines()
    assert file.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[0] for line in lines] == ["subscription", str(subscription["number"])]
    assert refused.status_code == 422
