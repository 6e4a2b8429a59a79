"""Putting charges to the gateway: once each, never after a cancellation, asked about when in doubt."""

from typing import Any

import pytest

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_marketplace, a_payment_method, a_subscription, an_open_case
from workflows.billing.charges.refunds import refund_charge
from workflows.billing.collection.outcomes import record_outcome
from workflows.billing.collection.submit import charges_in_doubt, submit_charge
from workflows.billing.gateway import CardDetails, Outcome
from workflows.engine.actor import CLOCK
from workflows.engine.fire import Move, fire
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt, TransitionRefused

_TIMES_OUT_AFTER_PAYING, _TIMES_OUT_BEFORE = "9990000000000110", "9990000000000102"


async def _due(marketplace: Marketplace, number: str, state: str = "active", **columns: Any) -> tuple[Record, Record]:
    """A subscription whose card has that number, and its pending charge."""
    card = await gateway_for("sandbox").take_card(CardDetails(number=number, exp_month=12, exp_year=now().year + 1))
    customer = await a_customer(marketplace)
    method = await a_payment_method(marketplace, customer, reference=card.reference, fingerprint=card.fingerprint)
    subscription = await a_subscription(
        marketplace, customer=customer, payment_method=method, state=state, payments_made=0, next_period=0, **columns
    )
    return subscription, await a_charge(marketplace, subscription=subscription, state="pending")


async def test_a_paid_charge_has_its_invoice_its_receipt_and_the_next_date(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription, charge = await _due(marketplace, "4242424242424242")

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    paid = await fetch_row("SELECT * FROM charge")
    after = await fetch_row("SELECT * FROM subscription")
    assert paid is not None
    assert after is not None
    assert (paid["state"], paid["payment_status"]) == ("succeeded", "paid")
    assert (after["payments_made"], after["next_period"]) == (1, 1)
    assert after["next_charge_at"] > subscription["anchor_at"]
    assert await fetch_value("SELECT count(*) FROM invoice") == 1
    assert await fetch_value("SELECT count(*) FROM document WHERE state = 'requested'") == 1
    told = await fetch_row("SELECT template, context FROM outgoing_email")
    assert told is not None
    assert told["template"] == "renewal_receipt"
    assert told["context"]["next_charge_at"] == after["next_charge_at"].isoformat()
    card = await fetch_row("SELECT brand, last_four FROM payment_method WHERE id = $1", charge["payment_method_id"])
    assert card is not None
    assert (told["context"]["card_brand"], told["context"]["card_last_four"]) == (card["brand"], card["last_four"])
    assert "payment_number" not in told["context"], "it goes on for ever"


async def test_submitting_twice_charges_once(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4242424242424242")

    for _ in range(3):
        await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_money_that_moved_before_the_gateway_went_silent_is_found_not_taken(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, _TIMES_OUT_AFTER_PAYING)

    with pytest.raises(InDoubt):
        await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))
    assert await fetch_value("SELECT state FROM charge") == "pending"
    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 1


async def test_a_charge_that_never_arrived_is_put_again_under_its_key(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, _TIMES_OUT_BEFORE)

    with pytest.raises(InDoubt):
        await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))
    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT idempotency_key FROM sandbox_payment") == charge["idempotency_key"]


async def test_a_charge_left_in_doubt_is_listed_for_the_sweep(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4242424242424242")
    await execute("UPDATE charge SET submitted_at = now() - interval '6 minutes'")

    assert await charges_in_doubt(10) == [(marketplace.id, charge["id"])]


async def test_no_charge_is_submitted_after_a_cancellation(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4242424242424242", state="cancelled")

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    assert await fetch_value("SELECT state FROM charge") == "failed"
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 0


async def test_a_charge_on_its_way_when_cancelled_is_settled_and_changes_nothing_else(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription, charge = await _due(marketplace, _TIMES_OUT_AFTER_PAYING)
    with pytest.raises(InDoubt):
        await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))
    await fire(
        SUBSCRIPTION, marketplace.id, subscription["id"], "cancel", Move(CLOCK, "test"), set_={"next_charge_at": None}
    )

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    row = await fetch_row("SELECT state, payments_made, next_charge_at FROM subscription")
    assert row is not None
    assert tuple(row) == ("cancelled", 0, None)
    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_a_charge_that_never_arrived_is_not_sent_again_after_a_cancellation(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4242424242424242", state="cancelled")
    await execute("UPDATE charge SET submitted_at = now()")

    with pytest.raises(InDoubt):  # it may still be heard of
        await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))
    await execute("UPDATE charge SET submitted_at = now() - interval '6 minutes'")
    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    row = await fetch_row("SELECT state, decline_code FROM charge")
    assert row is not None
    assert tuple(row) == ("failed", "never_arrived")
    assert await fetch_value("SELECT count(*) FROM sandbox_payment") == 0


async def test_a_declined_renewal_opens_a_case_with_the_policy_pinned(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription, charge = await _due(marketplace, "4000000000000341")

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    case = await fetch_row("SELECT * FROM dunning_case")
    assert case is not None
    assert (case["state"], case["attempts_made"], case["amount_minor"]) == ("open", 1, subscription["amount_minor"])
    assert case["policy"] == {"version": 1, "attempt_days": [1, 4, 8, 15], "end": "cancel"}
    assert (case["next_attempt_at"] - case["opened_at"]).days == 3
    assert await fetch_value("SELECT state FROM subscription") == "failed_charge"
    assert await fetch_value("SELECT decline_code FROM charge") == "generic_decline"
    assert await fetch_value("SELECT template FROM outgoing_email") == "failed_charge"


async def test_the_last_payment_of_a_limited_plan_completes_it(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4242424242424242", payments_total=1)

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    row = await fetch_row("SELECT state, payments_made, next_charge_at FROM subscription")
    assert row is not None
    assert tuple(row) == ("completed", 1, None)


async def test_the_same_answer_twice_or_a_late_contradiction_changes_nothing(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4242424242424242")
    paid = Outcome(state="succeeded", gateway_reference="pay_1")

    await record_outcome(marketplace.id, charge["id"], paid)
    await record_outcome(marketplace.id, charge["id"], paid)
    await record_outcome(
        marketplace.id, charge["id"], Outcome(state="failed", gateway_reference="pay_1", decline_code="x")
    )

    assert await fetch_value("SELECT state FROM charge") == "succeeded"
    assert await fetch_value("SELECT payments_made FROM subscription") == 1
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_a_payment_that_needs_its_customer_waits_for_them(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    subscription, charge = await _due(marketplace, "4000002760003184", state="failed_charge")
    await an_open_case(subscription, period=0)

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    assert await fetch_value("SELECT state FROM charge") == "action_required"
    assert await fetch_value("SELECT decline_code FROM charge") == "authentication_required"


async def test_a_payment_that_the_customer_disputes_is_shown_as_such_and_cannot_be_refunded(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace()
    _, charge = await _due(marketplace, "4000000000000259")

    await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))

    row = await fetch_row("SELECT state, payment_status FROM charge")
    assert row is not None
    assert tuple(row) == ("disputed", "disputed")
    assert await fetch_value("SELECT state FROM subscription") == "active"  # the merchant decides what follows
    assert await fetch_value("SELECT count(*) FROM invoice") == 1
    with pytest.raises(TransitionRefused):
        await refund_charge(marketplace, charge["id"], None, gateway_for("sandbox"), CLOCK)
