"""The people's payments: attempts at the sandbox gateway, each with an invoice of the marketplace's own series.

They are not imported: their invoices are numbered and their PDFs asked for as those of any payment.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cli.demo.dates import Life
from cli.demo.people import Person, Subscribed
from cli.demo.rows import failed_attempts, single_order_reference, subscription_reference
from integrations.gateways import gateway_for
from models.database import Record, fetch, fetch_row, transaction
from workflows.billing.gateway import ChargeRequest
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create
from workflows.invoices.credit_notes import credit_refund
from workflows.invoices.issue import issue_invoice
from workflows.machines import CHARGE
from workflows.marketplaces.tenant import Marketplace

_BY = Actor("import", "demo")
_REFUNDED = {"refunded": 1, "partially_refunded": 2}  # the whole amount, half of it


async def pay_everything(marketplace: Marketplace, people: Sequence[Person], made_at: datetime) -> int:
    """Makes the payments that are not there yet, oldest first; answers how many."""
    due = [payment for person in people for payment in await _payments(marketplace, person, made_at)]
    known = await fetch(
        "SELECT reference FROM charge WHERE marketplace_id = $1 AND reference = ANY($2)",
        marketplace.id,
        [payment["reference"] for payment in due],
    )
    there = {row["reference"] for row in known}
    new = [payment for payment in due if payment["reference"] not in there]
    for payment in sorted(new, key=lambda payment: payment["attempted_at"]):
        await _store(marketplace, payment)
    return len(new)


_Payment = dict[str, Any]  # the charge's columns, its state, and the card


async def _payments(marketplace: Marketplace, person: Person, made_at: datetime) -> list[_Payment]:
    payments: list[_Payment] = []
    for place, subscribed in enumerate(person.subscribed, 1):
        row = await _subscription(marketplace, subscription_reference(person, place))
        payments += _instalments(row, subscribed, Life(marketplace, subscribed, made_at))
    for place, bought in enumerate(person.bought, 1):
        order = await _order(marketplace, single_order_reference(person, place))
        card = await _card_of(marketplace, order["customer_id"])
        payments.append(_payment(order, card, "succeeded", made_at - timedelta(days=bought.days_ago)))
    return payments


def _instalments(row: Record, subscribed: Subscribed, life: Life) -> list[_Payment]:
    facts = {"subscription_id": row["subscription_id"], "amount_minor": row["subscription_amount"]}
    payments = [
        _payment(row, row, subscribed.turned.get(period, "succeeded"), life.instalment(period), period, **facts)
        for period in range(subscribed.paid)
    ]
    for attempt, at in enumerate(failed_attempts(subscribed, life), 1):
        case = {"dunning_case_id": row["dunning_case_id"], "decline_code": "insufficient_funds"}
        failed = _payment(row, row, "failed", at, subscribed.paid, **facts, **case)
        failed["initiator"] = "schedule" if attempt == 1 else "retry"
        payments.append(failed | {"reference": f"{failed['reference']}-attempt-{attempt}"})
    return payments


def _payment(
    order: Record, card: Record, state: str, at: datetime, period: int | None = None, **facts: Any
) -> _Payment:
    amount = facts.get("amount_minor", order["amount_minor"])
    return {
        "reference": order["reference"] if period is None else f"{order['reference']}-{period}",
        "customer_id": order["customer_id"],
        "order_id": order["order_id"],
        "order_number": order["number"],
        "period": period,
        "initiator": "order" if period in (None, 0) else "schedule",
        "amount_minor": amount,
        "refunded_minor": amount // _REFUNDED[state] if state in _REFUNDED else 0,
        "currency": order["currency"],
        "payment_method_id": card["payment_method_id"],
        "card_fingerprint": card["card_fingerprint"],
        "attempted_at": at,
        "submitted_at": at,
        "paid_at": None if state == "failed" else at,
        "state": state,
        "card": card["card_reference"],
        **facts,
    }


async def _store(marketplace: Marketplace, payment: _Payment) -> None:
    """The attempt at the gateway, then charge and invoice in one transaction."""
    columns = {name: value for name, value in payment.items() if name not in ("state", "card")}
    columns |= {"marketplace_id": marketplace.id, "gateway": marketplace.gateway}
    columns["idempotency_key"] = f"{payment['reference']}:{payment['card']}"
    columns["gateway_reference"] = await _at_gateway(marketplace, payment, columns["idempotency_key"])
    async with transaction():
        charge = await create(CHARGE, columns, Move(_BY, "demo_history"), state=payment["state"])
        if payment["state"] != "failed":
            await issue_invoice(marketplace.id, charge["id"], _BY)
        if payment["refunded_minor"]:
            await credit_refund(marketplace.id, charge["id"], payment["refunded_minor"], _BY)


async def _at_gateway(marketplace: Marketplace, payment: _Payment, key: str) -> str | None:
    if payment["amount_minor"] == 0:  # nothing to take
        return None
    outcome = await gateway_for(marketplace.gateway).charge(
        ChargeRequest(
            idempotency_key=key,
            card_reference=payment["card"],
            amount_minor=payment["amount_minor"],
            currency=payment["currency"],
        )
    )
    return outcome.gateway_reference or None


async def _subscription(marketplace: Marketplace, reference: str) -> Record:
    row = await fetch_row(
        "SELECT ordered.*, ordered.id AS order_id, subscription.id AS subscription_id, subscription.payment_method_id,"
        " subscription.amount_minor AS subscription_amount, card.reference AS card_reference,"
        " card.fingerprint AS card_fingerprint,"
        " dunning_case.id AS dunning_case_id FROM subscription"
        " JOIN customer_order AS ordered ON ordered.marketplace_id = $1 AND ordered.id = subscription.order_id"
        " JOIN payment_method AS card ON card.marketplace_id = $1 AND card.id = subscription.payment_method_id"
        " LEFT JOIN dunning_case ON dunning_case.marketplace_id = $1"
        " AND dunning_case.subscription_id = subscription.id AND dunning_case.state = 'open'"
        " WHERE subscription.marketplace_id = $1 AND subscription.reference = $2",
        marketplace.id,
        reference,
    )
    assert row is not None, "it was imported just now"
    return row


async def _order(marketplace: Marketplace, reference: str) -> Record:
    row = await fetch_row(
        "SELECT *, id AS order_id FROM customer_order WHERE marketplace_id = $1 AND reference = $2",
        marketplace.id,
        reference,
    )
    assert row is not None, "it was imported just now"
    return row


async def _card_of(marketplace: Marketplace, customer_id: Any) -> Record:
    row = await fetch_row(
        "SELECT id AS payment_method_id, reference AS card_reference, fingerprint AS card_fingerprint"
        " FROM payment_method"
        " WHERE marketplace_id = $1 AND customer_id = $2 ORDER BY id LIMIT 1",
        marketplace.id,
        customer_id,
    )
    assert row is not None, "everybody in the demo has a card"
    return row
