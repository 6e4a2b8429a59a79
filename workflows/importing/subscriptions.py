"""Subscriptions: in whatever state they were in the merchant's old system, with their card at the gateway.

One in `failed_charge` comes with its open dunning case. Reading a row is subscription_rows.py's part, storing them
subscription_store.py's.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from models.database import Record, fetch
from workflows.importing.kind import Kind
from workflows.importing.known_rows import as_known, column_of, compare_with_known, one
from workflows.importing.shapes import Place, Problem, Verdict
from workflows.importing.subscription_rows import OPTIONAL, REQUIRED, SubscriptionRow, read
from workflows.importing.subscription_store import store

# What never changes once a subscription is here; the rest moves on with its life and is not compared.
_COLUMNS = (
    *("amount_minor", "currency", "interval_unit", "interval_count", "payments_total", "started_at"),
    "trial_ends_at",
)


async def settle(place: Place, rows: Sequence[SubscriptionRow]) -> list[Verdict]:
    """Stores the subscriptions whose reference is new and whose order is for a subscription product."""
    found = await fetch(_KNOWN, place.id, column_of(rows, "reference"), column_of(rows, "order"))
    verdicts: list[Verdict] = [_judge(place, row, known) for row, known in zip(rows, found, strict=True)]
    new = [(row, known) for row, known, verdict in zip(rows, found, verdicts, strict=True) if verdict == "new"]
    if new:
        await store(place, [_with_terms(row, known) for row, known in new], [known for _, known in new])
    return verdicts


def _judge(place: Place, row: SubscriptionRow, found: Record) -> Verdict:
    if found["order_id"] is None:
        return Problem("order", f"is no known order's reference: {row.order}")
    if found["known_id"] is not None:
        return _compare(_with_terms(row, found), found)
    if found["kind"] not in ("recurring", "limited"):
        return Problem("order", f"is for a {found['kind']} product, which has no subscriptions")
    if row.currency != found["order_currency"]:
        return Problem("currency", f"is not its order's: {found['order_currency']}")
    return _terms_problem(place, _with_terms(row, found)) or "new"


def _compare(row: SubscriptionRow, found: Record) -> Verdict:
    untouched = ("state", "ended_at") if found["known_log_seq"] == 1 else ()
    return compare_with_known(row, found, (*_COLUMNS, *untouched), references=("order",))


def _with_terms(row: SubscriptionRow, found: Record) -> SubscriptionRow:
    """The row with the product's terms where it gives none of its own."""
    return msgspec.structs.replace(
        row,
        interval_unit=row.interval_unit or found["interval_unit"],
        interval_count=row.interval_count or found["interval_count"],
        payments_total=row.payments_total or found["payments"],
    )


def _terms_problem(place: Place, row: SubscriptionRow) -> Problem | None:
    if row.state == "failed_charge" and row.amount_minor == 0:
        return Problem("amount", "is 0, and the state is failed_charge")
    if row.payments_total is not None and row.payments_made > row.payments_total:
        return Problem("payments_made", f"is more than payments_total ({row.payments_total})")
    if row.state == "completed" and row.payments_made != row.payments_total:
        return Problem("payments_made", "is not all of payments_total, and the state is completed")
    for column in ("next_charge_at", "cancel_at"):
        at: datetime | None = getattr(row, column)
        if at is not None and at <= place.now:
            return Problem(column, "lies in the past: it would happen at once")
    return None


_KNOWN = f"""
SELECT ordered.id AS order_id, ordered.currency AS order_currency, ordered.customer_id, ordered.product_id,
       product.kind, product.interval_unit, product.interval_count, product.payments,
       {as_known("known", ("id", "order_id", "log_seq", "state", "ended_at", *_COLUMNS))}
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (reference, order_reference, place)
{one("customer_order", "ordered", "ordered.reference = given.order_reference")}
{one("product", "product", "product.id = ordered.product_id")}
{one("subscription", "known", "known.reference = given.reference")}
ORDER BY given.place
"""

SUBSCRIPTIONS = Kind(
    name="subscriptions",
    required=REQUIRED,
    optional=OPTIONAL,
    read=read,
    keys=lambda row: [row.reference],
    settle=settle,
)
