"""Stripe's webhooks: only signed ones, only fresh ones, each told in our own words."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe as sdk

from integrations.gateways.stripe import StripeGateway
from integrations.gateways.stripe_events import StripeEvents
from tests.fakes.stripe import refunds, setups
from tests.fakes.stripe.cards import Decline
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.webhooks import signature, signed
from tests.integrations.stripe.stripe_requests import a_request
from workflows.billing.gateway import Card
from workflows.billing.gateway_events.events import (
    CardRemoved,
    CardSaved,
    CardUpdated,
    ChargeSettled,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    EventMalformed,
    EventNotNow,
    EventUnsigned,
    GatewayEvent,
    Ignored,
    RefundFailed,
    RefundMade,
)

_OLD, _NEW = "whsec_old", "whsec_new"
_BODY = b'{"id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1, "data": {"object": {}}}'


def _told(gateway: StripeGateway, fake: FakeStripe, kind: str) -> GatewayEvent:
    """The last event of a type, as delivered."""
    event = next(event for event in reversed(fake.books.events) if event["type"] == kind)
    told = gateway.read_event(*signed(event, fake.webhook_secret))
    assert (told.event_id, told.type) == (event["id"], kind)
    assert told.created_at == datetime.fromtimestamp(event["created"], UTC)
    return told


def _event(kind: str, subject: Any) -> bytes:
    envelope = {"id": "evt_1", "object": "event", "type": kind, "created": 1_790_000_000, "data": {"object": subject}}
    return json.dumps(envelope).encode()


def _read(body: bytes) -> GatewayEvent:
    return StripeEvents([_NEW]).read_event(body, signature(body, _NEW))


def test_an_event_signed_by_the_sdk_itself_is_read() -> None:
    header = sdk.WebhookSignature.generate_signature_header(_BODY.decode(), _NEW)

    assert StripeEvents([_NEW]).read_event(_BODY, header) == Ignored(
        event_id="evt_1", type="invoice.paid", created_at=datetime.fromtimestamp(1, UTC)
    )


def test_both_secrets_work_while_one_is_replaced_and_the_old_one_no_longer_after() -> None:
    both, after = StripeEvents([_NEW, _OLD]), StripeEvents([_NEW])

    for secret in (_OLD, _NEW):
        assert both.read_event(_BODY, signature(_BODY, secret)).event_id == "evt_1"
    twice = f"{signature(_BODY, _OLD)},{signature(_BODY, _NEW).partition(',')[2]}"
    assert after.read_event(_BODY, twice).event_id == "evt_1"
    with pytest.raises(EventUnsigned):
        after.read_event(_BODY, signature(_BODY, _OLD))


def _headers() -> list[str | None]:
    good = signature(_BODY, _NEW)
    signed_at, mac = good.removeprefix("t=").split(",v1=")
    return [
        None,
        "",
        "nonsense",
        f"t={signed_at}",
        f"v1={mac}",
        f"t=,v1={mac}",
        f"t=now,v1={mac}",
        f"t={signed_at},v0={mac}",
        f"t={signed_at},v1=",
        f"t={signed_at},v1={mac[:-1]}",
        f"t={signed_at},v1={mac[:-1]}{'0' if mac[-1] != '0' else '1'}",
        f"t={int(signed_at) + 1},v1={mac}",
        f"t={signed_at},t={int(signed_at) + 1},v1={mac}",
        f"t={signed_at}{'0' * 40},v1={mac}",
        f"t=-{signed_at},v1={mac}",
        f"t={signed_at},v1={'é' * 64}",
        f"t={signed_at},v1={'٤' * 64}",
        signature(_BODY, "whsec_other"),
        signature(_BODY + b" ", _NEW),
        signature(b"", _NEW),
    ]


_HEADERS = _headers()


@pytest.mark.parametrize("header", _HEADERS, ids=range(len(_HEADERS)))  # signed just now: named by their number
def test_what_is_not_signed_with_our_secret_over_this_body_is_refused(header: str | None) -> None:
    with pytest.raises(EventUnsigned):
        StripeEvents([_NEW, _OLD]).read_event(_BODY, header)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(EventUnsigned):
        StripeEvents([]).read_event(_BODY, signature(_BODY, ""))
    with pytest.raises(ValueError, match="whsec_"):
        StripeEvents([""])


@pytest.mark.parametrize("seconds", [-86_400, -320, 320, 86_400])
def test_a_replay_and_an_event_from_the_future_are_refused(seconds: int) -> None:
    with pytest.raises(EventNotNow):
        StripeEvents([_NEW]).read_event(_BODY, signature(_BODY, _NEW, time.time() + seconds))


@pytest.mark.parametrize("seconds", [-280, 280])
def test_clocks_may_differ_by_minutes(seconds: int) -> None:
    told = StripeEvents([_NEW]).read_event(_BODY, signature(_BODY, _NEW, time.time() + seconds))

    assert told.event_id == "evt_1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"event"',
        b"\xff\xfe\x00",
        b"<html></html>",
        b'{"id": "evt_1"}',
        b'{"id": 1, "object": "event", "type": "x", "created": 1, "data": {"object": {}}}',
        b'{"id": "evt_1", "object": "event", "type": "x", "created": "now", "data": {"object": {}}}',
        b'{"id": "evt_1", "object": "event", "type": "x", "created": 1e30, "data": {"object": {}}}',
        b'{"id": "evt_1", "object": "event", "type": "x", "created": 99999999999999999, "data": {"object": {}}}',
        _event("payment_intent.succeeded", {}),
        _event("payment_intent.succeeded", {"id": "pi_1", "object": "charge"}),
        _event("payment_intent.succeeded", []),
        _event("charge.refunded", {"id": "ch_1", "object": "charge", "amount": "12"}),
        _event("charge.dispute.created", None),
        _event("checkout.session.completed", {"id": "cs_1", "object": "checkout.session", "metadata": {"a": 1}}),
        _event("payment_method.detached", {"id": None}),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(EventMalformed):
        _read(body)


@pytest.mark.parametrize("kind", ["invoice.paid", "payment_intent.created", "a.type.of.tomorrow", ""])
def test_other_types_are_ignored_whatever_they_carry(kind: str) -> None:
    assert isinstance(_read(_event(kind, {"anything": [1, 2]})), Ignored)


def test_a_thin_event_of_the_second_api_is_ignored() -> None:
    body = b'{"id": "evt_2", "object": "v2.core.event", "type": "v2.core.x", "created": "2026-11-22T00:00:00Z"}'

    assert isinstance(_read(body), Ignored)


async def test_a_payment_is_told_with_its_key_and_amount(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    request = a_request(card)
    outcome = await gateway.charge(request)

    told = _told(gateway, stripe, "payment_intent.succeeded")

    assert isinstance(told, ChargeSettled)
    assert (told.idempotency_key, told.gateway_reference) == (request.idempotency_key, outcome.gateway_reference)
    assert told.outcome == outcome


async def test_failures_and_wishes_are_told_as_the_answer_told_them(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.script(card.reference, Decline("insufficient_funds", "try_again_later"), "authenticate")

    for state in ("failed", "action_required"):
        outcome = await gateway.charge(a_request(card))
        told = _told(gateway, stripe, "payment_intent.payment_failed")
        assert isinstance(told, ChargeSettled)
        assert told.outcome == outcome
        assert told.outcome.state == state


async def test_what_becomes_of_a_wish_for_the_customer_is_told(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.script(card.reference, "authenticate")
    outcome = await gateway.charge(a_request(card))

    await gateway.start_confirmation(outcome.gateway_reference, "http://127.0.0.1/back")
    asked = _told(gateway, stripe, "payment_intent.requires_action")
    await gateway.withdraw(outcome.gateway_reference)
    withdrawn = _told(gateway, stripe, "payment_intent.canceled")
    assert isinstance(asked, ChargeSettled)
    assert isinstance(withdrawn, ChargeSettled)
    assert asked.outcome.state == "action_required"
    assert (withdrawn.outcome.state, withdrawn.outcome.decline_code) == ("failed", "canceled")


async def test_what_was_received_is_told_and_not_what_was_asked(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    await gateway.charge(a_request(card))
    event = next(event for event in stripe.books.events if event["type"] == "payment_intent.succeeded")
    event["data"]["object"]["amount_received"] = 1

    told = gateway.read_event(*signed(event, stripe.webhook_secret))

    assert isinstance(told, ChargeSettled)
    assert told.outcome.amount_minor == 1


async def test_a_saved_card_is_told_with_what_the_form_was_given(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    form = await gateway.start_card_setup(
        customer_reference=customer,
        email="ada@example.com",
        return_url="http://127.0.0.1/back",
        cancel_url="http://127.0.0.1/cancel",
        metadata={"link": "1"},
    )
    stripe.complete_setup(form.reference)

    told = _told(gateway, stripe, "checkout.session.completed")

    assert isinstance(told, CardSaved)
    assert (told.setup_reference, told.customer_reference) == (form.reference, customer)
    assert told.metadata == {"link": "1"}


def test_a_checkout_that_was_no_card_form_is_ignored() -> None:
    session = {"id": "cs_1", "object": "checkout.session", "mode": "payment", "status": "complete"}

    assert isinstance(_read(_event("checkout.session.completed", session)), Ignored)


async def test_cards_that_change_or_go_are_told(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    method = stripe.books.objects[card.reference]
    method["card"]["exp_year"] = 2039
    stripe.books.happened("payment_method.automatically_updated", method)
    updated = _told(gateway, stripe, "payment_method.automatically_updated")
    setups.detach(stripe.books, card.reference)
    removed = _told(gateway, stripe, "payment_method.detached")

    assert isinstance(updated, CardUpdated)
    assert (updated.card.reference, updated.card.exp_year) == (card.reference, 2039)
    assert isinstance(removed, CardRemoved)
    assert removed.card_reference == card.reference


async def test_refunds_are_told_as_the_sum_so_far(stripe: FakeStripe, gateway: StripeGateway, card: Card) -> None:
    payment = (await gateway.charge(a_request(card))).gateway_reference

    sums: list[int] = []
    for place, amount in enumerate((500, 700)):
        await gateway.refund(payment, amount, f"r-{place}")
        told = _told(gateway, stripe, "charge.refunded")
        assert isinstance(told, RefundMade)
        assert (told.gateway_reference, told.currency) == (payment, "EUR")
        sums.append(told.refunded_minor)
    refunds.fail(stripe.books, stripe.books.all("refund")[0]["id"])
    failed = _told(gateway, stripe, "refund.failed")

    assert sums == [500, 1200]
    assert isinstance(failed, RefundFailed)
    assert (failed.gateway_reference, failed.amount_minor) == (payment, 700)


@pytest.mark.parametrize(("status", "end"), [("won", DisputeWon), ("lost", DisputeLost)])
async def test_a_dispute_is_told_from_its_beginning_to_its_end(
    stripe: FakeStripe, gateway: StripeGateway, customer: str, status: str, end: type[GatewayEvent]
) -> None:
    outcome = await gateway.charge(a_request(stripe.books.add_card(customer, "4000000000000259")))
    opened = _told(gateway, stripe, "charge.dispute.created")
    dispute = stripe.books.all("dispute")[0]
    stripe.payments.close_dispute(dispute, status)
    closed = _told(gateway, stripe, "charge.dispute.closed")

    assert isinstance(opened, DisputeOpened)
    assert (opened.gateway_reference, opened.dispute_reference) == (outcome.gateway_reference, dispute["id"])
    assert (opened.amount_minor, opened.currency, opened.reason) == (1999, "EUR", "fraudulent")
    assert isinstance(closed, end)


async def test_a_banks_inquiry_is_no_dispute_until_it_becomes_one(
    stripe: FakeStripe, gateway: StripeGateway, customer: str
) -> None:
    await gateway.charge(a_request(stripe.books.add_card(customer, "4000000000001976")))
    asked = _told(gateway, stripe, "charge.dispute.created")
    dispute = stripe.books.all("dispute")[0]
    dispute["status"] = "needs_response"
    stripe.books.happened("charge.dispute.updated", dispute)

    assert isinstance(asked, Ignored)
    assert isinstance(_told(gateway, stripe, "charge.dispute.updated"), DisputeOpened)


async def test_a_payment_that_is_not_ours_is_told_without_a_key(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    stripe.payments.create(
        {
            "amount": 700,
            "currency": "isk",
            "customer": card.customer_reference,
            "payment_method": card.reference,
            "confirm": True,
            "off_session": True,
        }
    )

    told = _told(gateway, stripe, "payment_intent.succeeded")

    assert isinstance(told, ChargeSettled)
    assert (told.idempotency_key, told.outcome.amount_minor, told.outcome.currency) == (None, 7, "ISK")


async def test_an_amount_that_its_currency_cannot_have_is_refused(
    stripe: FakeStripe, gateway: StripeGateway, card: Card
) -> None:
    await gateway.charge(a_request(card, 700, "ISK"))
    event = next(event for event in stripe.books.events if event["type"] == "payment_intent.succeeded")
    event["data"]["object"]["amount_received"] = 701

    with pytest.raises(EventMalformed):
        gateway.read_event(*signed(event, stripe.webhook_secret))


def test_an_event_is_read_at_the_time_of_our_clock_and_not_of_its_making() -> None:
    """A delivery is signed anew: one that is repeated for three days stays believable."""
    made_at = time.time() - timedelta(days=3).total_seconds()
    body = _event("invoice.paid", {}).replace(b"1790000000", str(int(made_at)).encode())

    assert _read(body).created_at == datetime.fromtimestamp(int(made_at), UTC)
