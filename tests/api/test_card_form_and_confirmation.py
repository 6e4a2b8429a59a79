"""The API twins of the gateway's card form and of "Confirm this payment"."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from integrations.gateways import gateway_for
from models.database import Record, fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_session, a_subscription
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.web.at_stripe import a_payment_to_confirm, fake_stripe
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.ports import CardDetails

FORM = "/api/v1/portal/card-updates/form"
OURS = "http://127.0.0.1:8000"


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    with fake_stripe(monkeypatch) as fake:
        yield fake


@pytest.fixture
async def live(stripe: FakeStripe, api: httpx.AsyncClient) -> Marketplace:
    return await a_marketplace(gateway="stripe", sandbox=False)


@pytest.fixture
async def held(live: Marketplace) -> dict[str, Any]:
    """A body with a card-update link of a marketplace on Stripe."""
    link = await a_link(live, subscription=await a_subscription(live))
    return {"marketplace": live.slug, "token": link_text(link)}


async def test_the_form_is_opened_with_our_own_way_back(
    api: httpx.AsyncClient, live: Marketplace, stripe: FakeStripe, held: dict[str, Any]
) -> None:
    answer = await api.post(FORM, json=held)

    session = stripe.books.all("checkout.session")[0]
    assert (answer.status_code, answer.json()) == (200, {"url": session["url"]})
    assert session["success_url"] == f"{OURS}/portal/{live.slug}/card-saved"
    assert await fetch_value("SELECT state FROM access_token") == "issued"


async def test_another_way_back_must_be_our_own_too(
    api: httpx.AsyncClient, stripe: FakeStripe, held: dict[str, Any]
) -> None:
    good = await api.post(FORM, json={**held, "return_url": f"{OURS}/shop/thanks"})
    assert (good.status_code, stripe.books.all("checkout.session")[0]["success_url"]) == (200, f"{OURS}/shop/thanks")
    calls = len(stripe.calls)

    for url in (
        "https://evil.example/",
        f"{OURS}.evil.example/",
        OURS,
        "/x",
        f"{OURS}/a b",
        f"{OURS}/\n",
        "",
        "x" * 999,
    ):
        answer = await api.post(FORM, json={**held, "return_url": url})
        assert answer.status_code == 422, url
        assert [problem["field"] for problem in answer.json()["errors"]] == ["return_url"], url
    assert len(stripe.calls) == calls


async def test_what_opens_no_form(
    api: httpx.AsyncClient, live: Marketplace, stripe: FakeStripe, held: dict[str, Any]
) -> None:
    sandbox = await a_marketplace()
    link = await a_link(sandbox, subscription=await a_subscription(sandbox))
    used = await a_link(live, subscription=await a_subscription(live), state="redeemed")

    for body, status in (
        ({**held, "token": "x"}, 410),
        ({**held, "token": link_text(used)}, 410),
        ({**held, "token": link_text(link)}, 410),
        ({**held, "marketplace": "nobody"}, 404),
        ({"marketplace": sandbox.slug, "token": link_text(link)}, 422),
        ({**held, "card": {"number": "4242424242424242"}}, 422),
        ({"token": held["token"]}, 422),
        ([], 422),
    ):
        assert (await api.post(FORM, json=body)).status_code == status, body
    assert stripe.calls == []


async def test_a_gateway_without_an_answer_is_503(
    api: httpx.AsyncClient, stripe: FakeStripe, held: dict[str, Any]
) -> None:
    stripe.order(Fault.BAD_GATEWAY, "POST", "/v1/checkout/sessions", times=None)

    answer = await api.post(FORM, json=held)

    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")


async def _session_of(marketplace: Marketplace, customer_id: Any) -> dict[str, str]:
    token, _ = await a_session(marketplace, {"id": customer_id})  # pyright: ignore[reportArgumentType]
    return {"Authorization": f"Bearer {token}"}


def _path(subscription: Record, act: str = "/confirm") -> str:
    return f"/api/v1/portal/subscriptions/{subscription['number']}{act}"


async def test_at_stripe_a_payment_is_confirmed_at_the_banks_page(
    api: httpx.AsyncClient, live: Marketplace, stripe: FakeStripe
) -> None:
    card = stripe.books.add_card(stripe.books.add_customer("jane@example.com"), "4000002760003184")
    subscription = await a_payment_to_confirm(live, card)
    session = await _session_of(live, subscription["customer_id"])
    shown = (await api.get(_path(subscription, ""), headers=session)).json()

    answer = await api.post(_path(subscription), headers=session)

    action = stripe.books.all("payment_intent")[0]["next_action"]["redirect_to_url"]
    assert shown["failed_charge"]["confirm"] is True
    assert (answer.status_code, answer.json()) == (200, {"url": action["url"]})
    back = f"{OURS}/portal/{live.slug}/subscriptions/{subscription['number']}/confirmed"
    assert action["return_url"] == back


async def test_in_the_sandbox_it_is_confirmed_on_the_spot_once(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    details = CardDetails(number="4000002760003184", exp_month=1, exp_year=now().year + 1)
    card = await gateway_for("sandbox").take_card(details)
    subscription = await a_payment_to_confirm(marketplace, card.reference, customer)

    first, second = [await api.post(_path(subscription), headers=session) for _ in range(2)]

    assert (first.status_code, first.json()) == (200, {"url": None})
    assert (second.status_code, second.json()["code"]) == (409, "transition_refused")
    assert (await api.get(_path(subscription, ""), headers=session)).json()["state"] == "active"


async def test_anothers_payment_is_not_there(
    api: httpx.AsyncClient, marketplace: Marketplace, session: dict[str, str]
) -> None:
    others = await a_subscription(marketplace, customer=await a_customer(marketplace))

    for method in ("POST", "GET", "PUT", "DELETE"):
        assert (await api.request(method, _path(others), headers=session)).status_code == 404
    assert (await api.post(_path(others))).status_code == 401
