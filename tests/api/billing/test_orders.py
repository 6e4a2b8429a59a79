"""Orders by API: paid at once or not at all; what they start; refunds of what they paid."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from models.database import fetch, fetch_row, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace
from workflows.marketplaces.tenant import Marketplace

_CARD = {"gateway": "sandbox", "number": "4242424242424242", "exp_month": 12, "exp_year": 2033}
Keys = dict[str, str]


async def _made(api: httpx.AsyncClient, key: Keys, path: str, **body: Any) -> Any:
    answer = await api.post(f"/api/v1{path}", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _customer(api: httpx.AsyncClient, key: Keys) -> Any:
    return await _made(api, key, "/customers", email=f"{uuid4().hex}@example.com", name="Jane")


async def _product(api: httpx.AsyncClient, key: Keys, **facts: Any) -> Any:
    given: dict[str, Any] = {"name": "Monthly box", "kind": "recurring", "amount_minor": 2400, "interval_unit": "month"}
    return await _made(api, key, "/products", **{**given, **facts})


async def _order(api: httpx.AsyncClient, key: Keys, product: Any, **facts: Any) -> httpx.Response:
    customer = await _customer(api, key)
    body = {"customer": customer["number"], "product": product["id"], "card": _CARD, **facts}
    return await api.post("/api/v1/orders", json=body, headers=key)


async def test_an_order_of_a_subscription_product_is_paid_and_starts_it(api: httpx.AsyncClient, key: Keys) -> None:
    answer = await _order(api, key, await _product(api, key))

    assert answer.status_code == 201, answer.text
    placed = answer.json()
    subscription = (await api.get(f"/api/v1/subscriptions/{placed['subscription']}", headers=key)).json()
    assert placed["state"] == "paid"
    assert (subscription["state"], subscription["payments_made"]) == ("active", 1)
    assert [(charge["state"], charge["amount_minor"]) for charge in subscription["charges"]] == [("succeeded", 2400)]
    assert subscription["next_charge_at"] is not None
    assert subscription["dunning"] is None
    assert await fetch_value("SELECT template FROM outgoing_email") == "order_receipt"
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_an_order_for_who_may_be_either_of_two_customers_charges_neither(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    product, one = await _product(api, key), await _customer(api, key)
    await a_customer(marketplace, reference=str(one["number"]))

    refused = await _order(api, key, product, customer=str(one["number"]))
    placed = await _order(api, key, product, customer=one["number"])

    assert (refused.status_code, refused.json()["code"]) == (409, "customer_ambiguous")
    assert placed.status_code == 201
    assert await fetch_value("SELECT array_agg(customer_id) FROM customer_order") == [UUID(one["id"])]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4000000000000002", "generic_decline"),
        ("4000000000009995", "insufficient_funds"),
        ("4000000000000341", "generic_decline"),
        ("4000002760003184", "authentication_required"),
    ],
)
async def test_a_declined_order_answers_402_with_the_code_and_starts_nothing(
    api: httpx.AsyncClient, key: Keys, number: str, code: str
) -> None:
    answer = await _order(api, key, await _product(api, key), card={**_CARD, "number": number})

    assert answer.status_code == 402
    assert answer.json()["decline_code"] == code
    assert await fetch_value("SELECT count(*) FROM subscription") == 0
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0
    assert await fetch_value("SELECT count(*) FROM charge WHERE state IN ('pending', 'action_required')") == 0


async def test_a_free_trial_starts_without_a_payment_and_a_paid_one_with_its_price(
    api: httpx.AsyncClient, key: Keys
) -> None:
    free = (await _order(api, key, await _product(api, key, trial_days=14))).json()
    paid = (await _order(api, key, await _product(api, key, trial_days=14, initial_amount_minor=100))).json()

    one = (await api.get(f"/api/v1/subscriptions/{free['subscription']}", headers=key)).json()
    two = (await api.get(f"/api/v1/subscriptions/{paid['subscription']}", headers=key)).json()
    assert (free["state"], one["charges"], one["payments_made"]) == ("free", [], 0)
    assert one["trial_ends_at"] == one["next_charge_at"]
    assert [(charge["amount_minor"], charge["period"]) for charge in two["charges"]] == [(100, -1)]
    assert two["payments_made"] == 0


async def test_a_plan_of_one_payment_is_completed_by_its_order(api: httpx.AsyncClient, key: Keys) -> None:
    placed = (await _order(api, key, await _product(api, key, kind="limited", payments=1))).json()

    shown = (await api.get(f"/api/v1/subscriptions/{placed['subscription']}", headers=key)).json()
    assert (shown["state"], shown["next_charge_at"]) == ("completed", None)


async def test_pay_what_you_want_takes_what_is_given_also_nothing(api: httpx.AsyncClient, key: Keys) -> None:
    product = await _product(api, key, kind="pay_what_you_want", amount_minor=0, interval_unit=None)

    nothing = await _order(api, key, product, amount_minor=0, card=None)
    something = await _order(api, key, product, amount_minor=700)
    unsaid = await _order(api, key, product)

    assert (nothing.status_code, something.status_code, unsaid.status_code) == (201, 201, 422)
    payments = await fetch("SELECT amount_minor, payment_status FROM charge ORDER BY amount_minor")
    assert [tuple(row) for row in payments] == [(0, "paid"), (700, "paid")]


async def test_pay_what_you_want_is_not_less_than_its_minimum(api: httpx.AsyncClient, key: Keys) -> None:
    product = await _product(api, key, kind="pay_what_you_want", amount_minor=300, interval_unit=None)

    answers = [await _order(api, key, product, amount_minor=amount) for amount in (0, 299, -1, 10**9, 300)]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 201]
    assert answers[1].json()["errors"][0]["field"] == "amount_minor"
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_what_answers_give_names_things_again_by_number_or_by_id(api: httpx.AsyncClient, key: Keys) -> None:
    customer, product = await _customer(api, key), await _product(api, key)
    for name in (customer["number"], str(customer["number"]), customer["id"]):
        body = {"customer": name, "product": product["id"], "card": _CARD}
        assert (await api.post("/api/v1/orders", json=body, headers=key)).status_code == 201

    row = await fetch_row("SELECT id, number FROM subscription LIMIT 1")
    assert row is not None
    by_id, by_number = [(await api.get(f"/api/v1/subscriptions/{row[name]}", headers=key)) for name in ("id", "number")]
    assert by_id.status_code == by_number.status_code == 200
    assert by_id.json() == by_number.json()


async def test_the_same_reference_is_one_order_also_at_once(api: httpx.AsyncClient, key: Keys) -> None:
    product, customer = await _product(api, key), await _customer(api, key)
    body = {"customer": customer["id"], "product": product["id"], "card": _CARD, "reference": "checkout-77"}

    answers = await asyncio.gather(*(api.post("/api/v1/orders", json=body, headers=key) for _ in range(5)))
    again = await api.post("/api/v1/orders", json=body, headers=key)

    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["number"] for answer in (*answers, again)} == {answers[0].json()["number"]}
    assert await fetch_value("SELECT count(*) FROM subscription") == 1
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"amount_minor": 5}, "amount_minor"),
        ({"card": None}, "card"),
        ({"card": {**_CARD, "gateway": "stripe"}}, "card"),
        ({"card": {**_CARD, "number": "4111111111111111"}}, "card.number"),
        ({"card": {**_CARD, "exp_year": 2001}}, "card.exp_year"),
        ({"reference": ""}, "reference"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_wrong_order_is_refused_by_its_field(
    api: httpx.AsyncClient, key: Keys, facts: dict[str, Any], field: str
) -> None:
    answer = await _order(api, key, await _product(api, key), **facts)

    assert answer.status_code == 422, answer.text
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]
    assert await fetch_value("SELECT count(*) FROM customer_order") == 0


async def test_nothing_of_another_marketplace_can_be_ordered(
    api: httpx.AsyncClient, key: Keys, marketplace: Marketplace
) -> None:
    product = await _product(api, key)

    for body in (
        {"customer": 999, "product": product["id"], "card": _CARD},
        {"customer": (await _customer(api, key))["number"], "product": str(uuid4()), "card": _CARD},
    ):
        assert (await api.post("/api/v1/orders", json=body, headers=key)).status_code == 404


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"name": ""}, "name"),
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": 10**12}, "amount_minor"),
        ({"currency": "XXQ"}, "currency"),
        ({"currency": "XXX"}, "currency"),  # ISO 4217 has it, as no currency
        ({"currency": ""}, "currency"),
        ({"interval_unit": None}, "interval_unit"),
        ({"interval_count": 0}, "interval_count"),
        ({"payments": 3}, "payments"),
        ({"kind": "limited"}, "payments"),
        ({"trial_days": -1}, "trial_days"),
        ({"initial_amount_minor": 5}, "initial_amount_minor"),
        ({"kind": "sometimes"}, "kind"),
    ],
)
async def test_a_product_that_contradicts_itself_is_refused_by_its_field(
    api: httpx.AsyncClient, key: Keys, facts: dict[str, Any], field: str
) -> None:
    body = {"name": "Box", "kind": "recurring", "amount_minor": 100, "interval_unit": "month", **facts}

    answer = await api.post("/api/v1/products", json=body, headers=key)

    assert answer.status_code == 422, answer.text
    assert field in [problem["field"] for problem in answer.json()["errors"]]


async def test_a_value_that_is_none_of_some_is_refused_with_what_it_may_be(api: httpx.AsyncClient, key: Keys) -> None:
    body = {"name": "Box", "kind": "recurring", "amount_minor": 100, "interval_unit": "quarter"}

    answer = await api.post("/api/v1/products", json=body, headers=key)

    rule = "must be one of day, month, week, year."
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "interval_unit", "rule": rule}])


async def test_a_body_that_is_no_object_is_told_so_in_a_sentence(api: httpx.AsyncClient, key: Keys) -> None:
    answer = await api.post("/api/v1/products", json=[], headers=key)

    assert (answer.status_code, answer.json()["detail"]) == (422, "Expected object, got array.")


async def test_a_customer_of_the_same_email_is_refused_whatever_its_case(api: httpx.AsyncClient, key: Keys) -> None:
    await _made(api, key, "/customers", email="Jane@Example.com")

    answer = await api.post("/api/v1/customers", json={"email": "jane@example.COM"}, headers=key)

    assert answer.status_code == 409
    assert await fetch_value("SELECT count(*) FROM customer") == 1


async def test_refunds_stop_at_what_was_paid_and_leave_the_subscription(api: httpx.AsyncClient, key: Keys) -> None:
    placed = (await _order(api, key, await _product(api, key))).json()
    shown = (await api.get(f"/api/v1/subscriptions/{placed['subscription']}", headers=key)).json()
    path = f"/api/v1/charges/{shown['charges'][0]['id']}/refunds"

    part = await api.post(path, json={"amount_minor": 1000}, headers=key)
    too_much = await api.post(path, json={"amount_minor": 1401}, headers=key)
    rest = await api.post(path, json={}, headers=key)
    again = await api.post(path, json={}, headers=key)

    assert [answer.status_code for answer in (part, too_much, rest, again)] == [201, 422, 201, 409]
    assert (rest.json()["amount_minor"], rest.json()["status"]) == (1400, "succeeded")
    charge = await fetch_row("SELECT state, refunded_minor FROM charge")
    assert charge is not None
    assert tuple(charge) == ("refunded", 2400)
    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert await fetch_value("SELECT count(*) FROM outgoing_email WHERE template = 'refund'") == 2


async def test_what_settled_at_once_leaves_no_job_to_wait_for(api: httpx.AsyncClient, key: Keys) -> None:
    placed = (await _order(api, key, await _product(api, key))).json()
    await _order(api, key, await _product(api, key), card={**_CARD, "number": "4000000000000341"})
    shown = (await api.get(f"/api/v1/subscriptions/{placed['subscription']}", headers=key)).json()
    await api.post(f"/api/v1/charges/{shown['charges'][0]['id']}/refunds", json={}, headers=key)

    assert await fetch_value("SELECT count(*) FROM charge") == 2
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor IN ('charge.submit', 'refund.settle')") == 0


async def test_ten_refunds_at_once_give_back_no_more_than_was_paid(api: httpx.AsyncClient, key: Keys) -> None:
    placed = (await _order(api, key, await _product(api, key))).json()
    shown = (await api.get(f"/api/v1/subscriptions/{placed['subscription']}", headers=key)).json()
    path = f"/api/v1/charges/{shown['charges'][0]['id']}/refunds"

    answers = await asyncio.gather(*(api.post(path, json={"amount_minor": 500}, headers=key) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [422] * 6
    assert await fetch_value("SELECT refunded_minor FROM charge") == 2000
    assert await fetch_value("SELECT sum(amount_minor) FROM sandbox_payment WHERE reference LIKE 're%'") == 2000


async def test_another_marketplaces_charge_is_not_found(api: httpx.AsyncClient, key: Keys) -> None:
    elsewhere = await a_charge(await a_marketplace())

    answer = await api.post(f"/api/v1/charges/{elsewhere['id']}/refunds", json={}, headers=key)

    assert answer.status_code == 404
