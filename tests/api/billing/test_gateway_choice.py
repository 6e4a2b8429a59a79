"""The payment gateway of a marketplace, by API: sandbox or Stripe, and when it may still be changed."""

from collections.abc import Callable

import httpx
import pytest

from models.database import execute, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_payment_method, a_subscription
from workflows.access.api_keys import create_key
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings

PATH = "/api/v1/marketplace"


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the deployment's settings, `STRIPE_SECRET_KEY` first."""

    def set_them(**given: str) -> None:
        for name, value in {"STRIPE_SECRET_KEY": "sk_test_x", **given}.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    return set_them


async def _key_of(marketplace: Marketplace) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await create_key(marketplace.id, 'tests')).key}"}


async def _refusal(api: httpx.AsyncClient, key: dict[str, str], gateway: object) -> str:
    """What the gateway's own field is told, nothing else of the change being done."""
    answer = await api.patch(PATH, headers=key, json={"name": "Changed", "gateway": gateway})

    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["errors"]
    assert problem["field"] == "gateway"
    assert (await api.get(PATH, headers=key)).json()["name"] == "Ada's Books"
    return problem["rule"]


async def test_a_sandbox_goes_live_when_its_gateway_is_stripe(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace, set_up: Callable[..., None]
) -> None:
    set_up()
    await a_subscription(marketplace, state="cancelled")  # an ended one's card is charged no more

    answer = await api.patch(PATH, headers=key, json={"gateway": "stripe", "name": "Ada"})

    assert answer.status_code == 200, answer.text
    assert (answer.json()["gateway"], answer.json()["sandbox"], answer.json()["name"]) == ("stripe", False, "Ada")
    assert await fetch_value("SELECT clock_offset = '0' FROM marketplace")
    clock = await api.post("/api/v1/sandbox/clock", headers=key, json={"advance_days": 1})
    assert clock.status_code == 403


async def test_without_a_key_of_the_deployment_there_is_no_stripe(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    assert "STRIPE_SECRET_KEY" in await _refusal(api, key, "stripe")


@pytest.mark.parametrize("name", ["", "paypal", "Stripe", "sandbox'", None, 1, ["stripe"]])
async def test_no_other_gateway_is_known(
    api: httpx.AsyncClient, key: dict[str, str], set_up: Callable[..., None], name: object
) -> None:
    set_up()
    answer = await api.patch(PATH, headers=key, json={"gateway": name})

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["gateway"]


async def test_a_sandbox_whose_clock_was_moved_stays_one(
    api: httpx.AsyncClient, key: dict[str, str], set_up: Callable[..., None]
) -> None:
    set_up()
    await execute("UPDATE marketplace SET clock_offset = interval '1 day'")

    assert "clock" in await _refusal(api, key, "stripe")
    assert await fetch_value("SELECT gateway FROM marketplace") == "sandbox"


async def test_cards_in_use_at_another_gateway_hold_it(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace, set_up: Callable[..., None]
) -> None:
    set_up()
    live = await a_marketplace(gateway="stripe", sandbox=False)
    customer = await a_customer(live)
    card = await a_payment_method(live, customer, gateway="stripe")
    await a_subscription(live, customer=customer, payment_method=card, state="failed_charge")
    await a_subscription(marketplace)

    assert "cards" in await _refusal(api, key, "stripe")
    assert "cards" in await _refusal(api, await _key_of(live), "sandbox")


async def test_money_on_its_way_holds_it(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace, set_up: Callable[..., None]
) -> None:
    set_up()
    await a_charge(marketplace, state="pending")

    assert "on its way" in await _refusal(api, key, "stripe")


async def test_in_production_a_live_marketplace_never_goes_back_to_the_sandbox(
    api: httpx.AsyncClient, set_up: Callable[..., None]
) -> None:
    live = await a_marketplace(gateway="stripe", sandbox=False)
    key = await _key_of(live)
    set_up(ENVIRONMENT="production")

    assert "live" in await _refusal(api, key, "sandbox")

    set_up(ENVIRONMENT="development")
    answer = await api.patch(PATH, headers=key, json={"gateway": "sandbox"})
    assert (answer.json()["gateway"], answer.json()["sandbox"]) == ("sandbox", True)


async def test_naming_the_gateway_that_it_has_changes_nothing(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    await a_subscription(marketplace)
    await execute("UPDATE marketplace SET clock_offset = interval '1 day'")

    answer = await api.patch(PATH, headers=key, json={"gateway": "sandbox"})

    assert (answer.status_code, answer.json()["sandbox"]) == (200, True)
