"""How imported subscriptions are stored: their cards, themselves, and the open case of each one that failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import Record, execute, fetch, fetch_value
from workflows.billing.charges.declines import severity
from workflows.billing.dunning.next_step import CaseState, WaitUntil, decide
from workflows.billing.dunning.retry_policy import Policy, policy_of
from workflows.importing.known_rows import column_of
from workflows.importing.shapes import Place
from workflows.importing.subscription_rows import SubscriptionRow


async def store(place: Place, rows: Sequence[SubscriptionRow], found: Sequence[Record]) -> None:
    """Inserts the rows, each with the order found for it, born in its state by import. The database writes the log."""
    customers = [order["customer_id"] for order in found]
    cards = await _store_cards(place, rows, customers)
    first = await place.numbers.take("subscription", len(rows))
    stored = await fetch(
        _INSERT,
        place.id,
        first,
        customers,
        [order["product_id"] for order in found],
        [order["order_id"] for order in found],
        [
            cards.get((customer, row.card.reference)) if row.card else None
            for row, customer in zip(rows, customers, strict=True)
        ],
        *(column_of(rows, name) for name in _ROW_COLUMNS),
        place.by,
    )
    ids: dict[str, UUID] = {row["reference"]: row["id"] for row in stored}
    await _open_cases(place, [row for row in rows if row.state == "failed_charge"], ids)


async def _store_cards(place: Place, rows: Sequence[SubscriptionRow], customers: Sequence[UUID]) -> dict[Any, UUID]:
    """(customer, reference) → payment method, of old and new cards."""
    cards = {
        (customer, row.card.reference): row.card for row, customer in zip(rows, customers, strict=True) if row.card
    }
    owners = [customer for customer, _ in cards]
    known = await fetch(_CARDS_KNOWN, place.id, place.gateway, owners, column_of(list(cards.values()), "reference"))
    ids = {(row["customer_id"], row["reference"]): row["id"] for row in known}
    new = {key: card for key, card in cards.items() if key not in ids}
    stored = await fetch(
        _INSERT_CARDS,
        place.id,
        place.gateway,
        [customer for customer, _ in new],
        *(
            column_of(list(new.values()), name)
            for name in ("reference", "fingerprint", "brand", "last_four", "exp_month", "exp_year")
        ),
    )
    return ids | {(row["customer_id"], row["reference"]): row["id"] for row in stored}


async def _open_cases(place: Place, rows: Sequence[SubscriptionRow], ids: dict[str, UUID]) -> None:
    """Cases under the marketplace's policy of today."""
    if not rows:
        return
    policy = await fetch_value("SELECT dunning_policy FROM marketplace WHERE id = $1", place.id)
    for row in rows:
        assert row.failed_at is not None, "read() requires it"
        await execute(
            _INSERT_CASE,
            place.id,
            ids[row.reference],
            row.payments_made,
            row.amount_minor,
            row.currency,
            policy,
            row.failed_at,
            row.attempts_made,
            _next_attempt(row, row.failed_at, policy_of(policy), place.now),
            row.decline_code,
            place.by,
        )


def _next_attempt(row: SubscriptionRow, failed_at: datetime, policy: Policy, now: datetime) -> datetime | None:
    """When the policy tries again. What it would have done already is not made up for: nobody's card is charged by an
    import, nor a subscription cancelled; nothing is tried then before a new card comes."""
    facts = CaseState(
        opened_at=failed_at,
        attempts_made=row.attempts_made,
        last_decline=severity(row.decline_code),
        charge_under_way=False,
    )
    action = decide(facts, policy, now)
    return action.at if isinstance(action, WaitUntil) else None


_ROW_COLUMNS = (
    *("reference", "state", "amount_minor", "currency", "interval_unit", "interval_count", "payments_total"),
    *("payments_made", "started_at", "trial_ends_at", "anchor_at", "next_charge_at", "cancel_at", "ended_at"),
)

_INSERT = """
INSERT INTO subscription (marketplace_id, number, customer_id, product_id, order_id, payment_method_id, reference,
                          state, amount_minor, currency, interval_unit, interval_count, payments_total, payments_made,
                          next_period, started_at, trial_ends_at, anchor_at, next_charge_at, cancel_at, ended_at,
                          moved_trigger, moved_by, moved_reason)
SELECT $1, $2 + place - 1, customer_id, product_id, order_id, payment_method_id, reference,
       state, amount_minor, currency, interval_unit, interval_count, payments_total, payments_made,
       payments_made, started_at, trial_ends_at, anchor_at, next_charge_at, cancel_at, ended_at,
       'import', $21, 'import'
FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::bigint[], $10::text[],
            $11::text[], $12::int[], $13::int[], $14::int[], $15::timestamptz[], $16::timestamptz[],
            $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[])
     WITH ORDINALITY AS given (customer_id, product_id, order_id, payment_method_id, reference, state, amount_minor,
            currency, interval_unit, interval_count, payments_total, payments_made, started_at, trial_ends_at,
            anchor_at, next_charge_at, cancel_at, ended_at, place)
RETURNING id, reference
"""

_CARDS_KNOWN = """
SELECT DISTINCT ON (customer_id, reference) id, customer_id, reference FROM payment_method
JOIN unnest($3::uuid[], $4::text[]) AS given (customer_id, reference) USING (customer_id, reference)
WHERE marketplace_id = $1 AND gateway = $2 ORDER BY customer_id, reference, id
"""

_INSERT_CARDS = """
INSERT INTO payment_method (marketplace_id, gateway, customer_id, reference, fingerprint, brand, last_four, exp_month,
                            exp_year)
SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[])
RETURNING id, customer_id, reference
"""

_INSERT_CASE = """
INSERT INTO dunning_case (marketplace_id, subscription_id, period, amount_minor, currency, policy, opened_at,
                          attempts_made, next_attempt_at, last_decline_code, state,
                          moved_trigger, moved_by, moved_reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', 'import', $11, 'import')
"""
