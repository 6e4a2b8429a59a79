"""Replacing a card by API, with the link from the e-mail: PRODUCT.md 2.4 to 2.6."""

from typing import Any

import httpx

from models.database import fetch, fetch_value
from tests.factories import a_link, a_marketplace, a_subscription, an_open_case
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace

PATH = "/api/v1/portal/card-updates"


def update(marketplace: Marketplace, link: Any, number: str = "5555555555554444", **card: Any) -> dict[str, Any]:
    given = {"number": number, "exp_month": 11, "exp_year": 2040, "cvc": "123", **card}
    return {"marketplace": marketplace.slug, "token": link_text(link), "card": given}


async def card_of(subscription: Any) -> str:
    return await fetch_value(
        "SELECT card.brand || ' ' || card.last_four FROM subscription JOIN payment_method AS card"
        " ON card.id = subscription.payment_method_id WHERE subscription.id = $1",
        subscription["id"],
    )


async def test_a_new_card_is_saved_and_the_link_is_spent(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    subscription, neighbour = await a_subscription(marketplace), await a_subscription(marketplace)
    link = await a_link(marketplace, subscription=subscription)

    saved = await api.post(PATH, json=update(marketplace, link))
    again = await api.post(PATH, json=update(marketplace, link))

    assert saved.status_code == 200, saved.text
    assert saved.json()["card"] == {"brand": "mastercard", "last_four": "4444", "exp_month": 11, "exp_year": 2040}
    assert saved.json()["charging_now"] is False
    assert again.status_code == 410
    assert [await card_of(each) for each in (subscription, neighbour)] == ["mastercard 4444", "visa 4242"]


async def test_what_is_owed_is_charged_at_once(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    subscription = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(subscription)
    link = await a_link(marketplace, subscription=subscription)

    looked = await api.post(f"{PATH}/look", json={"marketplace": marketplace.slug, "token": link_text(link)})
    saved = await api.post(PATH, json=update(marketplace, link))

    assert looked.json()["owed_minor"] == 1999
    assert saved.json()["charging_now"] is True
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'charge.submit'") == 1


async def test_a_refused_card_keeps_the_old_one_and_the_link_and_says_nothing_of_the_bank(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    subscription = await a_subscription(marketplace)
    link = await a_link(marketplace, subscription=subscription)

    answer = await api.post(PATH, json=update(marketplace, link, "4000000000009979"))

    assert (answer.status_code, answer.json()["code"]) == (402, "card_refused")
    assert "stolen" not in answer.text
    assert await card_of(subscription) == "visa 4242"
    assert (await api.post(PATH, json=update(marketplace, link))).status_code == 200


async def test_a_card_that_is_none_is_refused_beside_its_field(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    # fmt: off
    wrong: list[tuple[dict[str, Any], set[str]]] = [
        ({"number": "4111111111111111"},           {"card.number"}),  # a real-looking number never passes the sandbox
        ({"number": "42"},                         {"card.number"}),
        ({"exp_month": 13},                        {"card.exp_month"}),
        ({"exp_year": 2020},                       {"card.exp_year"}),
        ({"cvc": "12345"},                         {"card.cvc"}),
        ({"number": "x", "exp_month": 0},          {"card.number", "card.exp_month"}),
        ({"number": 4242424242424242},             {"card.number"}),
        ({"exp_year": "2040"},                     {"card.exp_year"}),
        ({"pin": "0000"},                          {"card.pin"}),
    ]
    # fmt: on
    for card, fields in wrong:
        subscription = await a_subscription(marketplace)
        link = await a_link(marketplace, subscription=subscription)

        answer = await api.post(PATH, json=update(marketplace, link, **card))

        assert answer.status_code == 422, (card, answer.text)
        assert {problem["field"] for problem in answer.json()["errors"]} == fields
        assert await card_of(subscription) == "visa 4242"


async def test_a_card_number_is_stored_nowhere(api: httpx.AsyncClient, marketplace: Marketplace) -> None:
    subscription = await a_subscription(marketplace)
    await api.post(PATH, json=update(marketplace, await a_link(marketplace, subscription=subscription)))

    tables = ("payment_method", "sandbox_card", "outgoing_email", "outbox", "transition_log", "access_token")
    kept = [str(dict(row)) for table in tables for row in await fetch(f"TABLE {table}")]

    assert not [row for row in kept if "5555555555554444" in row]


async def test_after_five_attempts_an_hour_a_subscriptions_card_form_waits(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    link = await a_link(marketplace, subscription=await a_subscription(marketplace))

    answers = [await api.post(PATH, json=update(marketplace, link, "4000000000000002")) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [402] * 5 + [429]
    assert 3500 <= int(answers[-1].headers["Retry-After"]) <= 3600


async def test_a_link_of_another_marketplace_or_purpose_saves_no_card(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    subscription = await a_subscription(marketplace)
    link = await a_link(marketplace, subscription=subscription)
    portal_link = await a_link(marketplace)

    elsewhere = await api.post(PATH, json=update(await a_marketplace(), link))
    wrong_purpose = await api.post(PATH, json=update(marketplace, portal_link))

    assert (elsewhere.status_code, wrong_purpose.status_code) == (410, 410)
    assert await card_of(subscription) == "visa 4242"


async def test_a_gateway_that_does_not_answer_is_told_and_nothing_is_changed(
    api: httpx.AsyncClient, marketplace: Marketplace
) -> None:
    subscription = await a_subscription(marketplace)
    link = await a_link(marketplace, subscription=subscription)
    answer = await api.post(PATH, json=update(marketplace, link, "9990000000000128"))

    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")
    assert answer.headers["Retry-After"] == "60"
    assert await card_of(subscription) == "visa 4242"
