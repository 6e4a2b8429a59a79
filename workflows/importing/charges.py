"""Charges of the past, each born in the state it ended in, each paid one with exactly one invoice.

The invoice keeps the merchant's own number, takes none from the marketplace's series, and has no document before
somebody asks for it (workflows/invoices/downloads.py).
"""

from collections.abc import Sequence

from models.database import Record, fetch
from workflows.importing.charge_rows import OPTIONAL, REQUIRED, ChargeRow, read
from workflows.importing.kind import Kind
from workflows.importing.known_rows import as_known, column_of, compare_with_known, differs, one
from workflows.importing.past_invoices import store_invoices
from workflows.importing.shapes import Place, Problem, Verdict

# What never changes once a charge is here; state and refunds move on with its life.
_COLUMNS = ("period", "amount_minor", "currency", "attempted_at", "paid_at")


async def settle(place: Place, rows: Sequence[ChargeRow]) -> list[Verdict]:
    """Stores the charges whose reference is new and whose order, subscription and invoice number fit."""
    numbers = [row.number if row.paid else None for row in rows]
    given = [column_of(rows, name) for name in ("reference", "order", "subscription", "period")]
    found = await fetch(_KNOWN, place.id, *given, numbers)
    verdicts: list[Verdict] = [_judge(row, known) for row, known in zip(rows, found, strict=True)]
    new = [(row, known) for row, known, verdict in zip(rows, found, verdicts, strict=True) if verdict == "new"]
    if new:
        await _store(place, [row for row, _ in new], [known for _, known in new])
    return verdicts


async def _store(place: Place, rows: Sequence[ChargeRow], found: Sequence[Record]) -> None:
    stored = await fetch(
        _INSERT,
        place.id,
        place.gateway,
        *([row[name] for row in found] for name in _FOUND_COLUMNS),
        *(column_of(rows, name) for name in _ROW_COLUMNS),
        place.by,
    )
    numbers = {row.reference: row.number for row in rows if row.paid}
    await store_invoices(
        place, [(row["id"], numbers[row["reference"]]) for row in stored if row["reference"] in numbers]
    )


def _judge(row: ChargeRow, found: Record) -> Verdict:
    if found["order_id"] is None:
        return Problem("order", f"is no known order's reference: {row.order}")
    if row.subscription is not None and found["subscription_id"] is None:
        return Problem("subscription", f"is no known subscription's reference: {row.subscription}")
    if found["known_id"] is not None:
        return _compare(row, found)
    if row.currency != found["order_currency"]:
        return Problem("currency", f"is not its order's: {found['order_currency']}")
    if row.amount_minor == 0 and not (row.paid and found["product_kind"] == "pay_what_you_want"):
        return Problem("amount", "is 0: no money moved, and only a pay-what-you-want product can be had for nothing")
    return _subscription_problem(row, found) or _invoice_problem(row, found) or "new"


def _compare(row: ChargeRow, found: Record) -> Verdict:
    renumbered = row.paid and found["own_number"] not in (None, row.number)
    untouched = ("state", "refunded_minor") if found["known_log_seq"] == 1 else ()
    return compare_with_known(
        row,
        found,
        (*_COLUMNS, *untouched),
        references=("order", "subscription"),
        besides=differs("invoice_number") if renumbered else None,
    )


def _subscription_problem(row: ChargeRow, found: Record) -> Problem | None:
    if row.subscription is None or row.period is None:
        return None
    if found["subscription_customer_id"] != found["customer_id"]:
        return Problem("subscription", "belongs to another customer than the order")
    if row.paid and found["period_is_paid"]:
        return Problem("period", "is paid by another charge already")
    if row.period > found["next_period"] or (row.paid and row.period == found["next_period"]):
        return Problem("period", f"was not charged yet: the subscription's next is {found['next_period']}")
    return None


def _invoice_problem(row: ChargeRow, found: Record) -> Problem | None:
    if row.paid and found["number_is_taken"]:
        return Problem("invoice_number", f"is taken by another invoice: {row.number}")
    return None


_KNOWN = f"""
SELECT ordered.id AS order_id, ordered.number AS order_number, ordered.customer_id, ordered.currency AS order_currency,
       product.kind AS product_kind, subscription.id AS subscription_id,
       subscription.customer_id AS subscription_customer_id, subscription.next_period, subscription.payment_method_id,
       (SELECT true FROM charge WHERE charge.marketplace_id = $1 AND charge.subscription_id = subscription.id
           AND charge.period = given.period AND charge.state <> 'failed' LIMIT 1) AS period_is_paid,
       (SELECT true FROM invoice WHERE invoice.marketplace_id = $1 AND invoice.number = given.number LIMIT 1)
           AS number_is_taken,
       (SELECT invoice.number FROM invoice WHERE invoice.marketplace_id = $1 AND invoice.charge_id = known.id
           AND invoice.kind = 'invoice' AND invoice.state = 'issued' LIMIT 1) AS own_number,
       {as_known("known", ("id", "order_id", "subscription_id", "log_seq", "state", "refunded_minor", *_COLUMNS))}
FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[]) WITH ORDINALITY
     AS given (reference, order_reference, subscription_reference, period, number, place)
{one("customer_order", "ordered", "ordered.reference = given.order_reference")}
{one("product", "product", "product.id = ordered.product_id")}
{one("subscription", "subscription", "subscription.reference = given.subscription_reference")}
{one("charge", "known", "known.reference = given.reference")}
ORDER BY given.place
"""

_FOUND_COLUMNS = ("customer_id", "order_id", "order_number", "subscription_id", "payment_method_id")
_ROW_COLUMNS = (
    *("reference", "period", "amount_minor", "refunded_minor", "currency", "state", "attempted_at", "paid_at"),
    *("decline_code", "gateway_reference"),
)

_INSERT = """
INSERT INTO charge (marketplace_id, gateway, initiator, customer_id, order_id, order_number, subscription_id,
                    payment_method_id, reference, period, amount_minor, refunded_minor, currency, state,
                    attempted_at, submitted_at, paid_at, decline_code, gateway_reference,
                    moved_trigger, moved_by, moved_reason)
SELECT $1, $2, 'import', customer_id, order_id, order_number, subscription_id,
       payment_method_id, reference, period, amount_minor, refunded_minor, currency, state,
       attempted_at, attempted_at, paid_at, decline_code, gateway_reference,
       'import', $18, 'import'
FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::uuid[], $8::text[], $9::int[], $10::bigint[],
            $11::bigint[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[])
     AS given (customer_id, order_id, order_number, subscription_id, payment_method_id, reference, period,
               amount_minor, refunded_minor, currency, state, attempted_at, paid_at, decline_code, gateway_reference)
RETURNING id, reference
"""


def _keys(row: ChargeRow) -> list[tuple[object, ...]]:
    keys: list[tuple[object, ...]] = [("reference", row.reference)]
    if row.paid:
        keys.append(("invoice", row.number))
        if row.subscription is not None:
            keys.append(("period", row.subscription, row.period))
    return keys


CHARGES = Kind(name="charges", required=REQUIRED, optional=OPTIONAL, read=read, keys=_keys, settle=settle)
