"""Replacing a card by its link, with the real sandbox gateway: saved, refused, charged at once, limited."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from integrations.gateways import gateway_for
from integrations.rate_limits import limiter
from models.database import Record, close_pool, execute, fetch, fetch_row, fetch_value, open_pool
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_link, a_marketplace, a_subscription, an_open_case
from workflows.access_tokens.one_time_links import link_text
from workflows.billing.cards.card_links import look_at_card_link, send_card_update_link
from workflows.billing.cards.replace_card import replace_card
from workflows.billing.cards.views import CardReplaced
from workflows.billing.collection.submit import submit_charge
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import (
    CardRefused,
    InvalidInput,
    LinkUnusable,
    NotFound,
    TooManyRequests,
    TransitionRefused,
)
from workflows.runtime.ports import CardDetails
from workflows.runtime.settings import settings

_PAYS, _DECLINED, _ATTACHES_THEN_FAILS = "4242424242424242", "4000000000000002", "4000000000000341"


def _card(number: str = _PAYS) -> CardDetails:
    return CardDetails(number=number, exp_month=12, exp_year=now().year + 2, cvc="123")


async def _replace(
    marketplace: Marketplace, link: Record, number: str = _PAYS, client: str = "192.0.2.1"
) -> CardReplaced:
    return await replace_card(
        marketplace, link_text(link), _card(number), gateway_for("sandbox"), client, limiter(settings())
    )


async def _submit_waiting(marketplace_id: UUID) -> None:
    for charge in await fetch("SELECT id FROM charge WHERE state = 'pending'"):
        await submit_charge(marketplace_id, charge["id"], gateway_for("sandbox"))


@pytest.fixture
def house(database: FreshDatabase, valkey_url: str) -> None:
    """A database, and a Valkey for the limits."""


@pytest.mark.usefixtures("house")
async def test_a_saved_card_replaces_the_old_one_spends_the_link_and_is_confirmed() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)
    link = await a_link(marketplace, subscription=subscription)
    sibling = await a_link(marketplace, subscription=subscription)

    replaced = await _replace(marketplace, link, "5555 5555-5555 4444")

    assert (replaced.card.brand, replaced.card.last_four, replaced.charging_now) == ("mastercard", "4444", False)
    method = await fetch_value("SELECT payment_method_id FROM subscription")
    assert method != subscription["payment_method_id"]
    states = {row["id"]: row["state"] for row in await fetch("SELECT id, state FROM access_token")}
    assert states == {link["id"]: "redeemed", sibling["id"]: "expired"}
    assert [row["template"] for row in await fetch("SELECT template FROM outgoing_email")] == ["card_updated"]
    with pytest.raises(LinkUnusable, match="used"):
        await _replace(marketplace, link)


@pytest.mark.usefixtures("house")
async def test_opening_the_link_spends_nothing_and_shows_one_subscription() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(subscription)
    text = link_text(await a_link(marketplace, subscription=subscription))

    looks = [await look_at_card_link(marketplace.id, text) for _ in range(20)]

    shown = looks[-1]
    assert shown.subscription_number == subscription["number"]
    assert shown.owed_minor == subscription["amount_minor"]
    assert await fetch_value("SELECT state FROM access_token") == "issued"


@pytest.mark.usefixtures("house")
async def test_a_refused_card_keeps_the_old_one_and_the_link() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace)
    link = await a_link(marketplace, subscription=subscription)

    with pytest.raises(CardRefused) as refused:
        await _replace(marketplace, link, _DECLINED)

    assert refused.value.decline_code == "generic_decline"
    assert await fetch_value("SELECT payment_method_id FROM subscription") == subscription["payment_method_id"]
    assert await fetch_value("SELECT state FROM access_token") == "issued"
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0


@pytest.mark.usefixtures("house")
async def test_a_new_card_pays_at_once_what_is_owed_and_the_subscription_is_active_again() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="failed_charge")
    case = await an_open_case(subscription)
    link = await a_link(marketplace, subscription=subscription, dunning_case_id=case["id"])

    replaced = await _replace(marketplace, link)
    await _submit_waiting(marketplace.id)

    assert replaced.charging_now
    charge = await fetch_row("SELECT * FROM charge")
    now_subscription = await fetch_row("SELECT * FROM subscription")
    assert charge is not None
    assert now_subscription is not None
    assert (charge["state"], charge["amount_minor"], charge["initiator"]) == ("succeeded", 1999, "new_card")
    assert charge["payment_method_id"] == now_subscription["payment_method_id"]
    assert (now_subscription["state"], now_subscription["payments_made"]) == ("active", 2)
    assert now_subscription["next_charge_at"] > subscription["started_at"] + timedelta(days=50)
    assert await fetch_value("SELECT state FROM dunning_case") == "recovered"
    assert await fetch_value("SELECT count(*) FROM invoice WHERE charge_id = $1", charge["id"]) == 1
    mails = {row["template"] for row in await fetch("SELECT template FROM outgoing_email")}
    assert mails == {"card_updated", "renewal_receipt"}


@pytest.mark.usefixtures("house")
async def test_a_new_card_that_fails_too_leaves_the_case_open_and_tells_the_customer() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="failed_charge")
    opened_at = now()
    case = await an_open_case(subscription, opened_at=opened_at, next_attempt_at=opened_at + timedelta(days=3))
    link = await a_link(marketplace, subscription=subscription)

    await _replace(marketplace, link, _ATTACHES_THEN_FAILS)
    await _submit_waiting(marketplace.id)

    row = await fetch_row("SELECT * FROM dunning_case")
    assert row is not None
    assert (row["state"], row["attempts_made"], row["next_attempt_at"]) == ("open", 1, case["next_attempt_at"])
    assert row["last_decline_code"] == "generic_decline"
    assert await fetch_value("SELECT state FROM subscription") == "failed_charge"
    templates = [row["template"] for row in await fetch("SELECT template FROM outgoing_email ORDER BY created_at")]
    assert templates == ["card_updated", "failed_charge"]


@pytest.mark.usefixtures("house")
async def test_an_attempt_waiting_with_the_old_card_makes_way_for_the_new_one() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="failed_charge")
    case = await an_open_case(subscription)
    await execute("UPDATE dunning_case SET period = 0")
    waiting = await a_charge(marketplace, subscription=subscription, state="pending", dunning_case_id=case["id"])
    link = await a_link(marketplace, subscription=subscription)

    await _replace(marketplace, link)
    await _submit_waiting(marketplace.id)

    states = {row["id"]: row["state"] for row in await fetch("SELECT id, state FROM charge")}
    assert states.pop(waiting["id"]) == "failed"
    assert list(states.values()) == ["succeeded"]


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("details", "field"),
    [
        (CardDetails(number="", exp_month=1, exp_year=2040), "number"),
        (CardDetails(number="4242 4242 4242 424x", exp_month=1, exp_year=2040), "number"),
        (CardDetails(number="٤" * 16, exp_month=1, exp_year=2040), "number"),
        (CardDetails(number=_PAYS, exp_month=13, exp_year=2040), "exp_month"),
        (CardDetails(number=_PAYS, exp_month=1, exp_year=2020), "exp_year"),
        (CardDetails(number=_PAYS, exp_month=1, exp_year=40), "exp_year"),
        (CardDetails(number=_PAYS, exp_month=1, exp_year=2040, cvc="12a"), "cvc"),
    ],
)
async def test_what_cannot_be_a_card_is_refused_by_its_field(details: CardDetails, field: str) -> None:
    marketplace = await a_marketplace()
    link = await a_link(marketplace, subscription=await a_subscription(marketplace))

    with pytest.raises(InvalidInput) as refused:
        await replace_card(
            marketplace, link_text(link), details, gateway_for("sandbox"), "192.0.2.1", limiter(settings())
        )

    assert list(refused.value.fields) == [field]
    assert await fetch_value("SELECT state FROM access_token") == "issued"


@pytest.mark.usefixtures("house")
async def test_the_sixth_attempt_in_an_hour_for_one_subscription_is_refused_whoever_tries() -> None:
    marketplace = await a_marketplace()
    link = await a_link(marketplace, subscription=await a_subscription(marketplace))

    for attempt in range(5):
        with pytest.raises(CardRefused):
            await _replace(marketplace, link, _DECLINED, client=f"192.0.2.{attempt}")
    with pytest.raises(TooManyRequests) as refused:
        await _replace(marketplace, link, _PAYS, client="192.0.2.99")

    assert 0 < refused.value.retry_after <= 3600


@pytest.mark.usefixtures("house")
async def test_one_client_gets_twenty_attempts_an_hour_over_all_subscriptions() -> None:
    marketplace = await a_marketplace()
    for _ in range(20):
        link = await a_link(marketplace, subscription=await a_subscription(marketplace))
        with pytest.raises(CardRefused):
            await _replace(marketplace, link, _DECLINED)

    link = await a_link(marketplace, subscription=await a_subscription(marketplace))
    with pytest.raises(TooManyRequests):
        await _replace(marketplace, link)


@pytest.mark.usefixtures("house")
async def test_a_link_is_mailed_for_what_still_takes_cards_and_to_its_owner_only() -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    over = await a_subscription(marketplace, customer=customer, state="cancelled")
    by = Actor("customer", customer["id"])

    await send_card_update_link(marketplace, customer["id"], subscription["number"], by)

    mail = await fetch_row("SELECT * FROM outgoing_email")
    assert mail is not None
    assert (mail["template"], mail["recipient"]) == ("card_update_link", customer["email"])
    with pytest.raises(TransitionRefused):
        await send_card_update_link(marketplace, customer["id"], over["number"], by)
    with pytest.raises(NotFound):
        await send_card_update_link(marketplace, (await a_customer(marketplace))["id"], subscription["number"], by)
    for _ in range(6):
        await send_card_update_link(marketplace, customer["id"], subscription["number"], by)
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 5


@pytest.mark.usefixtures("house")
async def test_a_link_of_an_ended_subscription_no_longer_opens() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="completed")
    link = await a_link(marketplace, subscription=subscription)

    with pytest.raises(LinkUnusable):
        await look_at_card_link(marketplace.id, link_text(link))
    with pytest.raises(LinkUnusable):
        await _replace(marketplace, link)


async def test_two_cards_saved_by_one_link_at_once_leave_one(fresh_database: FreshDatabase, valkey_url: str) -> None:
    assert valkey_url
    await open_pool(fresh_database.app_url, min_size=8, max_size=8)
    try:
        marketplace = await a_marketplace()
        subscription = await a_subscription(marketplace, state="failed_charge")
        await an_open_case(subscription)
        link = await a_link(marketplace, subscription=subscription)

        answers = await asyncio.gather(*(_replace(marketplace, link) for _ in range(4)), return_exceptions=True)

        assert sorted(type(answer).__name__ for answer in answers) == ["CardReplaced", *["LinkUnusable"] * 3]
        assert await fetch_value("SELECT count(*) FROM charge") == 1
        assert await fetch_value("SELECT count(*) FROM payment_method") == 2
    finally:
        await close_pool()
