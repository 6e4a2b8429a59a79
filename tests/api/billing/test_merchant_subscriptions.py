"""A merchant's subscriptions by API, and staff's way to send a login e-mail: PRODUCT.md 1.8."""

from datetime import timedelta

import httpx

from models.database import fetch, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_subscription, an_open_case
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

ROOT = "/api/v1/subscriptions"


async def test_a_subscription_is_shown_with_its_customer(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    customer = await a_customer(marketplace, email="jane@example.com", name="Jane Doe")
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    await an_open_case(subscription)

    shown = (await api.get(f"{ROOT}/{subscription['number']}", headers=key)).json()

    assert shown["customer"] == {
        "number": customer["number"],
        "email": "jane@example.com",
        "name": "Jane Doe",
        "email_bounces": False,
        "undeliverable": None,
        "undeliverable_reason": None,
        "undeliverable_since": None,
    }
    assert (shown["number"], shown["state"], shown["amount_minor"]) == (subscription["number"], "failed_charge", 1999)
    assert shown["failed_charge"]["owed_minor"] == 1999
    assert shown["card"]["last_four"] == "4242"


async def test_a_login_email_goes_to_the_customer_and_names_the_key_as_its_sender(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    made = await create_key(marketplace.id, "support desk")
    customer = await a_customer(marketplace, email="jane@example.com")
    subscription = await a_subscription(marketplace, customer=customer)

    answer = await api.post(
        f"{ROOT}/{subscription['number']}/portal-login-email", headers={"Authorization": f"Bearer {made.key}"}
    )

    assert answer.status_code == 202
    mails = await fetch("SELECT template, recipient FROM outgoing_email")
    assert [tuple(mail) for mail in mails] == [("access_link", "jane@example.com")]
    assert await fetch_value("SELECT moved_by FROM access_token") == f"api_key:{made.id}"
    assert await fetch_value("SELECT actor FROM outbox") == "link.deliver"


async def test_past_the_customers_share_staff_are_told_so(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    subscription = await a_subscription(marketplace)
    path = f"{ROOT}/{subscription['number']}/portal-login-email"

    answers = [await api.post(path, headers=key) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_another_marketplaces_subscription_is_not_there(
    api: httpx.AsyncClient, marketplace: Marketplace, key: dict[str, str]
) -> None:
    others = await a_subscription(await a_marketplace(), number=4711)

    shown = await api.get(f"{ROOT}/{others['number']}", headers=key)
    mailed = await api.post(f"{ROOT}/{others['number']}/portal-login-email", headers=key)

    assert (shown.status_code, mailed.status_code) == (404, 404)
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0


async def test_reading_needs_its_scope_and_sending_another(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    made = await create_key(marketplace.id, "reader", ("subscriptions:read",))
    headers = {"Authorization": f"Bearer {made.key}"}
    subscription = await a_subscription(marketplace)

    shown = await api.get(f"{ROOT}/{subscription['number']}", headers=headers)
    mailed = await api.post(f"{ROOT}/{subscription['number']}/portal-login-email", headers=headers)

    assert (shown.status_code, mailed.status_code) == (200, 403)


async def test_a_charge_paid_after_the_cancellation_is_offered_for_refund(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    subscription = await a_subscription(marketplace, state="cancelled", ended_at=now() - timedelta(minutes=1))
    await a_charge(marketplace, subscription=subscription, paid_at=now() - timedelta(days=30))
    late = await a_charge(marketplace, subscription=subscription, paid_at=now())

    shown = (await api.get(f"/api/v1/subscriptions/{subscription['number']}", headers=key)).json()

    offered = {charge["id"]: charge["offered_for_refund"] for charge in shown["charges"]}
    assert offered.pop(str(late["id"])) is True
    assert list(offered.values()) == [False]
