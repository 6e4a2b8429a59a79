"""Subscriptions by API: PRODUCT.md 2.1 to 2.4, 2.11."""

import asyncio

import httpx

from models.database import Record, execute, fetch_value
from tests.factories import a_customer, a_marketplace, a_session, a_subscription, an_open_case
from workflows.marketplaces.tenant import Marketplace

ROOT = "/api/v1/portal/subscriptions"


async def state_of(subscription: Record) -> str:
    return await fetch_value("SELECT state FROM subscription WHERE id = $1", subscription["id"])


async def allow_cancelling(marketplace: Marketplace) -> None:
    await execute("UPDATE marketplace SET self_cancellation = true WHERE id = $1", marketplace.id)


async def test_a_customer_sees_their_own_and_those_that_need_them_first(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    active = await a_subscription(marketplace, customer=customer)
    failed = await a_subscription(marketplace, customer=customer, state="failed_charge")
    await an_open_case(failed)
    await a_subscription(marketplace)  # somebody else's

    listed = (await api.get(ROOT, headers=session)).json()
    one = (await api.get(f"{ROOT}/{failed['number']}", headers=session)).json()

    assert [(view["number"], view["state"]) for view in listed] == [
        (failed["number"], "failed_charge"),
        (active["number"], "active"),
    ]
    assert one == listed[0]
    assert one["failed_charge"]["owed_minor"] == 1999


async def test_cancelling_is_refused_where_the_merchant_does_not_offer_it(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)

    answer = await api.post(f"{ROOT}/{subscription['number']}/cancel", headers=session)

    assert (answer.status_code, answer.json()["code"]) == (403, "self_cancellation_off")
    assert await state_of(subscription) == "active"


async def test_cancelling_ends_it_at_once_and_a_second_time_is_refused(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    await allow_cancelling(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    path = f"{ROOT}/{subscription['number']}/cancel"

    answers = await asyncio.gather(*(api.post(path, headers=session) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert await state_of(subscription) == "cancelled"
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["detail"] == "The subscription is cancelled."


async def test_the_log_names_the_customer_and_the_request(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    await allow_cancelling(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)

    await api.post(
        f"{ROOT}/{subscription['number']}/cancel", headers={**session, "X-Request-ID": "the-click-on-cancel"}
    )

    moved = "SELECT moved_by || ' ' || moved_request FROM subscription WHERE id = $1"
    assert await fetch_value(moved, subscription["id"]) == f"customer:{customer['id']} the-click-on-cancel"


async def test_a_card_update_link_is_mailed_and_past_the_limit_the_answer_stays_the_same(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)

    answers = [await api.post(f"{ROOT}/{subscription['number']}/card-update-link", headers=session) for _ in range(7)]

    assert {(answer.status_code, answer.text) for answer in answers} == {(202, answers[0].text)}
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'card_update_link'") == 5


async def test_an_ended_subscription_needs_no_card(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    ended = await a_subscription(marketplace, customer=customer, state="cancelled")

    answer = await api.post(f"{ROOT}/{ended['number']}/card-update-link", headers=session)

    assert answer.status_code == 409


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


async def test_what_is_not_the_customers_own_is_not_there_whatever_is_asked_of_it(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    await allow_cancelling(marketplace)
    await a_subscription(marketplace, customer=customer)
    neighbours = await a_subscription(marketplace)
    elsewhere = await a_marketplace(self_cancellation=True)
    others = await a_subscription(elsewhere)
    numbers = {str(neighbours["number"]), str(others["number"] + 10), "999999", "0", "-1", "x", "9" * 40, "%00"}
    for number in numbers:
        for method in METHODS:
            for path in ("", "/cancel", "/card-update-link"):
                answer = await api.request(method, f"{ROOT}/{number}{path}", headers=session)

                assert answer.status_code == 404, (number, method, path)
    assert [await state_of(each) for each in (neighbours, others)] == ["active", "active"]


async def test_ones_own_answers_405_to_methods_that_there_are_not(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    number = (await a_subscription(marketplace, customer=customer))["number"]
    for path, there in (("", "GET"), ("/cancel", "POST"), ("/card-update-link", "POST")):
        answer = await api.request("DELETE", f"{ROOT}/{number}{path}", headers=session)
        stranger = await api.request("DELETE", f"{ROOT}/{number}{path}")

        assert (answer.status_code, answer.headers["allow"]) == (405, there)
        assert stranger.status_code == 401


async def test_the_session_says_which_marketplace_and_nothing_in_the_request_does(
    api: httpx.AsyncClient, marketplace: Marketplace, session: dict[str, str]
) -> None:
    elsewhere = await a_marketplace(self_cancellation=True)
    stranger = await a_customer(elsewhere)
    subscription = await a_subscription(elsewhere, customer=stranger)
    token, _ = await a_session(elsewhere, stranger)
    path = f"{ROOT}/{subscription['number']}/cancel?marketplace={elsewhere.slug}&marketplace_id={elsewhere.id}"

    assert (await api.post(path, headers=session)).status_code == 404
    assert (await api.post(path, headers={"Authorization": f"Bearer {token}"})).status_code == 200
