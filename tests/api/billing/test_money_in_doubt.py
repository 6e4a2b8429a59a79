"""Orders, retries and refunds when the gateway does not answer, or the present state says no: a clear answer, a defined
state, nothing taken or given twice."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from models.database import Record, execute, fetch, fetch_row, fetch_value
from tasks.jobs import charges
from tests.factories import a_charge, a_customer, a_marketplace, a_product, a_subscription, an_open_case
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.web.at_stripe import fake_stripe
from workflows.access.api_keys import create_key
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import CHARGE
from workflows.marketplaces.tenant import Marketplace

Keys = dict[str, str]


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    with fake_stripe(monkeypatch) as fake:
        yield fake


async def _order(api: httpx.AsyncClient, marketplace: Marketplace, key: Keys, card: dict[str, Any]) -> httpx.Response:
    customer = await fetch_row("SELECT * FROM customer") or await a_customer(marketplace)
    product = await fetch_row("SELECT * FROM product") or await a_product(marketplace)
    body = {"customer": customer["number"], "product": str(product["id"]), "card": card, "reference": "checkout-1"}
    return await api.post("/api/v1/orders", json=body, headers=key)


def _sandbox(number: str) -> dict[str, Any]:
    return {"gateway": "sandbox", "number": number, "exp_month": 12, "exp_year": 2034}


async def _work() -> None:
    """The job that waits behind every order."""
    job = await fetch_row("SELECT args FROM outbox WHERE actor = 'charge.submit'")
    assert job is not None
    await charges.submit(**job["args"])


@pytest.mark.parametrize("number", ["9990000000000110", "9990000000000102"], ids=["paid, unheard", "never arrived"])
async def test_an_order_without_an_answer_is_503_and_settles_by_itself(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys, number: str
) -> None:
    answer = await _order(api, marketplace, key, _sandbox(number))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60"), answer.text
    assert answer.json()["code"] == "order_unsettled"  # nobody knows yet whether nothing was changed
    asked = await _order(api, marketplace, key, _sandbox(number))
    assert (asked.json()["state"], asked.json()["subscription"]) == ("pending", None)

    await _work()

    asked = await _order(api, marketplace, key, _sandbox(number))
    assert (asked.status_code, asked.json()["state"]) == (201, "paid")
    assert asked.json()["subscription"] == await fetch_value("SELECT number FROM subscription")
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1
    assert await fetch_value("SELECT count(*) FROM customer_order") == 1


async def test_an_order_in_doubt_asked_about_by_its_key_alone_is_answered_as_it_stands(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    customer, product = await a_customer(marketplace), await a_product(marketplace)
    body = {"customer": customer["number"], "product": str(product["id"]), "card": _sandbox("9990000000000110")}

    async def asked() -> httpx.Response:
        return await api.post("/api/v1/orders", json=body, headers={**key, "Idempotency-Key": "one"})

    assert (await asked()).json()["code"] == "order_unsettled"
    assert [(await asked()).json()["state"] for _ in range(2)] == ["pending", "pending"]
    await _work()

    assert [(await asked()).json()["state"] for _ in range(2)] == ["paid", "paid"]
    assert await fetch_value("SELECT count(*) FROM customer_order") == 1


async def test_an_order_is_of_the_price_at_which_it_was_placed(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    await _order(api, marketplace, key, _sandbox("9990000000000110"))
    await execute("UPDATE product SET amount_minor = 9900")  # repriced before the gateway has answered

    await _work()

    assert await fetch_value("SELECT amount_minor FROM subscription") == 1999


async def test_a_card_that_may_not_have_been_kept_starts_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    answer = await _order(api, marketplace, key, _sandbox("9990000000000128"))

    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")
    assert await fetch_value("SELECT count(*) FROM customer_order") == 0
    assert (await _order(api, marketplace, key, _sandbox("4242424242424242"))).json()["state"] == "paid"


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_500_AFTER, Fault.HTML_AFTER, Fault.DROP_AFTER, Fault.BAD_GATEWAY], ids=lambda one: one.name
)
async def test_an_order_that_stripe_answers_with_nonsense_is_paid_once(
    api: httpx.AsyncClient, stripe: FakeStripe, fault: Fault
) -> None:
    live = await a_marketplace(gateway="stripe", sandbox=False)
    key = {"Authorization": f"Bearer {(await create_key(live.id, 'tests')).key}"}
    card = {"gateway": "stripe", "reference": stripe.books.add_card(stripe.books.add_customer("ada@example.com"))}
    stripe.order(fault, times=3)  # the call itself and the vendor's library's own two tries again

    answer = await _order(api, live, key, card)
    if answer.status_code == 503:  # a dropped line is tried again there and then, under the same key
        await _work()
    asked = await _order(api, live, key, card)

    assert (asked.status_code, asked.json()["state"]) == (201, "paid")
    assert sum(stripe.books.charged.values()) == 1
    assert await fetch_value("SELECT count(*) FROM subscription") == 1


async def test_staff_retry_by_api_and_are_told_when_there_is_nothing_to_retry(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    failed = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(failed)
    paid = await a_subscription(marketplace)
    elsewhere = await a_subscription(await a_marketplace(), number=777)

    async def retry(subscription: Record) -> int:
        return (await api.post(f"/api/v1/subscriptions/{subscription['number']}/retry", headers=key)).status_code

    assert [await retry(one) for one in (failed, failed, paid, elsewhere)] == [202, 409, 409, 404]
    (charge,) = await fetch("SELECT initiator, moved_by FROM charge")
    assert charge["initiator"] == "staff"
    assert charge["moved_by"].startswith("api_key:")


async def test_the_ninth_retry_of_a_card_in_thirty_days_is_429(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    failed = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(failed)
    fingerprint = await fetch_value("SELECT fingerprint FROM payment_method")
    for _ in range(8):
        await a_charge(marketplace, state="failed", initiator="staff", card_fingerprint=fingerprint)

    answer = await api.post(f"/api/v1/subscriptions/{failed['number']}/retry", headers=key)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "86400")
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'pending'") == 0


@pytest.mark.parametrize(
    ("state", "columns", "body", "status"),
    [
        ("disputed", {}, {}, 409),  # the bank has the money already
        ("refunded", {}, {}, 409),
        ("failed", {}, {}, 409),
        ("pending", {}, {}, 409),
        ("action_required", {}, {}, 409),
        ("succeeded", {}, {}, 422),  # imported without the gateway's reference: nobody could be asked
        ("succeeded", {"amount_minor": 0}, {}, 422),
        ("succeeded", {"gateway_reference": "ch_x"}, {"amount_minor": 0}, 422),
        ("succeeded", {"gateway_reference": "ch_x"}, {"amount_minor": -5}, 422),
        ("succeeded", {"gateway_reference": "ch_x"}, {"amount_minor": 2000}, 422),
        ("succeeded", {"gateway_reference": "ch_x"}, {"amount_minor": "5"}, 422),
        ("succeeded", {"gateway_reference": "ch_x"}, {"amount_minor": 1.5}, 422),
        ("succeeded", {"gateway_reference": "ch_x"}, {"amount": 5}, 422),
    ],
)
async def test_what_cannot_be_refunded_is_refused(
    api: httpx.AsyncClient,
    marketplace: Marketplace,
    key: Keys,
    state: str,
    columns: dict[str, Any],
    body: dict[str, Any],
    status: int,
) -> None:
    charge = await a_charge(marketplace, state=state, **columns)

    answer = await api.post(f"/api/v1/charges/{charge['id']}/refunds", json=body, headers=key)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await fetch_value("SELECT count(*) FROM refund") == 0
    assert await fetch_value("SELECT state FROM charge") == state


async def test_a_refund_that_the_gateway_refuses_says_so_and_gives_nothing(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    charge = await a_charge(marketplace, gateway_reference="ch_that_nobody_knows")

    answer = await api.post(f"/api/v1/charges/{charge['id']}/refunds", json={}, headers=key)

    assert (answer.status_code, answer.json()["status"]) == (201, "failed")
    assert await fetch_value("SELECT refunded_minor FROM charge") == 0
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0


@pytest.mark.parametrize("charge", ["x", "%00", "0", "7b0f6f0e-6d0c-4c9e-9d0a-2f6d3a1e5c44", "9" * 60])
async def test_a_charge_that_is_not_there_is_404(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys, charge: str
) -> None:
    assert (await api.post(f"/api/v1/charges/{charge}/refunds", json={}, headers=key)).status_code == 404


async def test_a_disputed_payments_refund_under_way_is_still_written_down(
    api: httpx.AsyncClient, marketplace: Marketplace, key: Keys
) -> None:
    """Committed before the bank took the money back, given by the gateway after it."""
    placed = await _order(api, marketplace, key, _sandbox("4242424242424242"))
    assert placed.status_code == 201
    charge = await fetch_row("SELECT * FROM charge")
    assert charge is not None
    await execute(
        "INSERT INTO refund (marketplace_id, charge_id, amount_minor, requested_by) VALUES ($1, $2, 500, 'staff:1')",
        marketplace.id,
        charge["id"],
    )
    await fire(CHARGE, marketplace.id, charge["id"], "dispute", Move(Actor("gateway", "sandbox"), "dispute_opened"))

    await charges.give_back(marketplace_id=marketplace.id, id=await fetch_value("SELECT id FROM refund"))

    after = await fetch_row("SELECT state, refunded_minor FROM charge")
    assert after is not None
    assert tuple(after) == ("disputed", 500)
