"""The fake Stripe is as strict as Stripe: what it forgives, our tests would not notice."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest
from stripe.params import (
    ChargeListParams,
    CustomerCreateParams,
    CustomerListParams,
    DisputeListParams,
    InvoicePaymentListParams,
    InvoiceVoidInvoiceParams,
    PaymentIntentCancelParams,
    PaymentIntentConfirmParams,
    PaymentIntentCreateParams,
    PaymentIntentListParams,
    PaymentIntentSearchParams,
    PaymentMethodAttachParams,
    PriceListParams,
    ProductListParams,
    RefundCreateParams,
    RefundListParams,
    SubscriptionListParams,
    SubscriptionUpdateParams,
)
from stripe.params.checkout import SessionCreateParams

from integrations.gateways.stripe import StripeGateway
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.fakes.stripe.forms import parse
from tests.fakes.stripe.routes import ROUTES
from tests.fakes.stripe.webhooks import Pump
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card
from workflows.runtime.errors import InDoubt

_SDK: dict[tuple[str, str], Any] = {
    ("POST", "/v1/customers"): CustomerCreateParams,
    ("POST", "/v1/payment_methods/*/attach"): PaymentMethodAttachParams,
    ("POST", "/v1/checkout/sessions"): SessionCreateParams,
    ("POST", "/v1/payment_intents"): PaymentIntentCreateParams,
    ("GET", "/v1/payment_intents"): PaymentIntentListParams,
    ("GET", "/v1/payment_intents/search"): PaymentIntentSearchParams,
    ("POST", "/v1/payment_intents/*/confirm"): PaymentIntentConfirmParams,
    ("POST", "/v1/payment_intents/*/cancel"): PaymentIntentCancelParams,
    ("POST", "/v1/refunds"): RefundCreateParams,
    ("GET", "/v1/refunds"): RefundListParams,
    ("GET", "/v1/products"): ProductListParams,
    ("GET", "/v1/prices"): PriceListParams,
    ("GET", "/v1/customers"): CustomerListParams,
    ("GET", "/v1/subscriptions"): SubscriptionListParams,
    ("POST", "/v1/subscriptions/*"): SubscriptionUpdateParams,
    ("POST", "/v1/invoices/*/void"): InvoiceVoidInvoiceParams,
    ("GET", "/v1/invoice_payments"): InvoicePaymentListParams,
    ("GET", "/v1/charges"): ChargeListParams,
    ("GET", "/v1/disputes"): DisputeListParams,
}


@pytest.fixture
def client(stripe: FakeStripe) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stripe.secret_key}", "Stripe-Version": "2026-10-28.endive"}
    with httpx.Client(base_url=stripe.url, headers=headers, trust_env=False) as client:
        yield client


def _payment(card: Card, **changes: str) -> dict[str, str]:
    sound = {
        "amount": "1999",
        "currency": "eur",
        "customer": str(card.customer_reference),
        "payment_method": card.reference,
        "confirm": "true",
        "off_session": "true",
        "metadata[gatehouse_charge]": "k",
    }
    return {name: value for name, value in {**sound, **changes}.items() if value}


@pytest.mark.parametrize("route", list(_SDK), ids=" ".join)
def test_it_takes_no_parameter_that_stripes_own_sdk_does_not_name(route: tuple[str, str]) -> None:
    [known] = [one for one in ROUTES if (one.method, one.path) == route]

    assert {*known.required, *known.optional} <= set(_SDK[route].__annotations__)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payment_method_types[0]": "card"}, "parameter_unknown"),
        ({"amount": ""}, "parameter_missing"),
        ({"amount": "19.99"}, "parameter_invalid_integer"),
        ({"amount": "1"}, "amount_too_small"),
        ({"currency": "EUR"}, None),
        ({"customer": ""}, None),
        ({"customer": "cus_unknown"}, "resource_missing"),
        ({"payment_method": "pm_unknown"}, "resource_missing"),
        ({"confirm": "yes"}, None),
        ({"confirm": ""}, None),
        ({"metadata[x]": "y" * 501}, None),
        ({"expand[0]": "everything"}, "parameter_unknown"),
    ],
)
def test_wrong_parameters_are_refused(
    client: httpx.Client, card: Card, changes: dict[str, str], code: str | None
) -> None:
    answer = client.post("/v1/payment_intents", data=_payment(card, **changes))

    assert answer.status_code == 400
    assert (answer.json()["error"]["type"], answer.json()["error"].get("code")) == ("invalid_request_error", code)


def test_strangers_unknown_urls_and_json_are_refused(stripe: FakeStripe, client: httpx.Client, card: Card) -> None:
    assert (
        client.post("/v1/payment_intents", data=_payment(card), headers={"Authorization": "Bearer x"}).status_code
        == 401
    )
    assert client.get("/v1/balance").status_code == 404
    assert client.post("/v1/payment_intents", json={"amount": 1}).status_code == 400
    assert client.get("/v1/payment_intents/pi_unknown").status_code == 404
    assert stripe.charges == []


def test_a_key_repeats_its_answer_and_refuses_other_words_and_other_endpoints(
    stripe: FakeStripe, client: httpx.Client, card: Card
) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = client.post("/v1/payment_intents", data=_payment(card), headers=key)
    again = client.post("/v1/payment_intents", data=_payment(card), headers=key)
    other = client.post("/v1/payment_intents", data=_payment(card, amount="2000"), headers=key)
    elsewhere = client.post("/v1/customers", data={"email": "a@example.com"}, headers=key)

    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    for refused in (other, elsewhere):
        assert (refused.status_code, refused.json()["error"]["type"]) == (400, "idempotency_error")
    assert len(stripe.charges) == 1


def test_a_failure_is_repeated_a_refusal_of_parameters_is_not(
    stripe: FakeStripe, client: httpx.Client, card: Card
) -> None:
    declined = stripe.books.add_card(card.customer_reference, "4000000000000341")
    key, other = {"Idempotency-Key": "k-1"}, {"Idempotency-Key": "k-2"}

    answers = [
        client.post("/v1/payment_intents", data=_payment(card, payment_method=declined), headers=key) for _ in range(2)
    ]
    refused = client.post("/v1/payment_intents", data=_payment(card, amount="1"), headers=other)
    taken = client.post("/v1/payment_intents", data=_payment(card), headers=other)

    assert [answer.status_code for answer in answers] == [402, 402]
    assert answers[0].json() == answers[1].json()
    assert (refused.status_code, taken.status_code) == (400, 200)


def test_a_key_is_forgotten_after_a_day(stripe: FakeStripe, client: httpx.Client, card: Card) -> None:
    for hours in (0, 23, 2):
        stripe.books.advance(timedelta(hours=hours))
        client.post("/v1/payment_intents", data=_payment(card), headers={"Idempotency-Key": "k-1"})

    assert len(stripe.charges) == 2


async def test_a_key_in_use_is_a_conflict(stripe: FakeStripe, client: httpx.Client, card: Card) -> None:
    stripe.order(Fault.HANG_BEFORE)
    headers = dict(client.headers) | {"Idempotency-Key": "k-1"}
    async with httpx.AsyncClient(base_url=stripe.url, headers=headers, trust_env=False) as other:
        hanging = asyncio.create_task(other.post("/v1/payment_intents", data=_payment(card)))
        while stripe.in_flight == 0:  # noqa: ASYNC110 - another thread's count
            await asyncio.sleep(0.005)
        conflict = await other.post("/v1/payment_intents", data=_payment(card))
        hanging.cancel()

    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert stripe.charges == []


async def test_charge_then_hang_meets_each_key_once_and_counts_who_hung_up(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.order(Fault.HANG_AFTER, times=None, first_of_key=True)
    requests = [a_request(card) for _ in range(10)]

    first = await asyncio.gather(*(gateway.charge(one) for one in requests), return_exceptions=True)
    second = await asyncio.gather(*(gateway.charge(one) for one in requests))

    assert all(isinstance(answer, InDoubt) for answer in first)
    assert {answer.state for answer in second} == {"succeeded"}
    assert len(stripe.charges) == 10
    while stripe.in_flight:  # noqa: ASYNC110 - another thread's count
        await asyncio.sleep(0.005)
    assert (stripe.met[Fault.HANG_AFTER], stripe.cut_in_flight) == (10, 10)


def test_forms_are_nested_by_brackets() -> None:
    assert parse("a=1&b[c]=2&b[d][e]=3&f[0]=x&f[1]=y&g[]=z") == {
        "a": "1",
        "b": {"c": "2", "d": {"e": "3"}},
        "f": {"0": "x", "1": "y"},
        "g": {"0": "z"},
    }


class _Endpoint(http.server.BaseHTTPRequestHandler):
    """Answers 500 to each event's first delivery, then 200."""

    seen: list[tuple[bytes, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        first = body not in [one for one, _ in self.seen]
        self.seen.append((body, self.headers["stripe-signature"]))
        self.send_response(500 if first else 200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's
        pass


async def test_the_pump_repeats_shuffles_holds_and_signs(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    _Endpoint.seen = []
    server = http.server.HTTPServer(("127.0.0.1", 0), _Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for _ in range(3):
        await gateway.charge(a_request(card))
    pump = Pump(
        stripe, f"http://127.0.0.1:{server.server_port}/webhooks/stripe", ["whsec_other", stripe.webhook_secret]
    )

    failed = await asyncio.to_thread(pump.deliver, shuffle=Random(1), hold=["payment_intent.succeeded"])
    held = [event["type"] for event in pump.pending].count("payment_intent.succeeded")
    again = await asyncio.to_thread(pump.deliver, copies=2)
    unheard = await asyncio.to_thread(Pump(stripe, "http://127.0.0.1:9/").send, stripe.books.events[0])
    server.shutdown()

    assert (failed, held, again, unheard) == (6, 3, 3, 0)
    assert pump.pending == []
    ids = [gateway.read_event(*one).event_id for one in _Endpoint.seen]
    assert ids[:6] != sorted(ids[:6], key=[event["id"] for event in stripe.books.events].index)
    assert set(ids) == {event["id"] for event in stripe.books.events}
