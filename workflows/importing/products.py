"""Products: what was sold, and how often it is charged."""

from collections.abc import Sequence

import msgspec

from models.database import execute, fetch
from workflows.billing.products import LONGEST_INTERVAL, LONGEST_TRIAL, MOST_PAYMENTS
from workflows.importing.fields import Fields
from workflows.importing.kind import Kind
from workflows.importing.known_rows import as_known, column_of, compare_with_known
from workflows.importing.shapes import Place, Verdict

UNITS = ("day", "week", "month", "year")
_KINDS = ("one_off", "recurring", "limited", "pay_what_you_want")
_COLUMNS = (
    *("name", "kind", "currency", "amount_minor", "interval_unit", "interval_count", "payments"),
    *("trial_days", "initial_amount_minor"),
)


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product. `amount_minor`: of pay_what_you_want the minimum; of a one-off 0 when each order has its own."""

    reference: str
    name: str
    kind: str
    currency: str
    amount_minor: int
    interval_unit: str | None
    interval_count: int | None
    payments: int | None
    trial_days: int
    initial_amount_minor: int | None


def read(fields: Fields) -> ProductRow:
    """Reads a row; notes what is wrong in `fields.problems`."""
    kind = fields.choice("kind", _KINDS)
    repeats = kind in ("recurring", "limited")
    currency = fields.currency()
    for column in ("interval_unit", "interval_count", "trial_days", "initial_amount"):
        if kind and not repeats and fields.has(column):
            fields.refuse(column, f"is not for a {kind} product")
    if kind not in ("", "limited") and fields.has("payments"):
        fields.refuse("payments", "is for limited products only")
    has_initial = fields.has("initial_amount")
    return ProductRow(
        reference=fields.reference(),
        name=fields.text("name", 200, required=True),
        kind=kind,
        currency=currency,
        amount_minor=fields.amount("amount", currency),
        interval_unit=fields.choice("interval_unit", UNITS) if repeats else None,
        interval_count=fields.integer("interval_count", 1, LONGEST_INTERVAL, default=1) if repeats else None,
        payments=fields.integer("payments", 1, MOST_PAYMENTS, required=True, default=1) if kind == "limited" else None,
        trial_days=fields.integer("trial_days", 0, LONGEST_TRIAL.days),
        initial_amount_minor=fields.amount("initial_amount", currency) if has_initial else None,
    )


async def settle(place: Place, rows: Sequence[ProductRow]) -> list[Verdict]:
    """Stores the products whose reference is new."""
    found = await fetch(_KNOWN, place.id, column_of(rows, "reference"))
    known = {row["reference"]: row for row in found}
    verdicts: list[Verdict] = [
        compare_with_known(row, known[row.reference], _COLUMNS) if row.reference in known else "new" for row in rows
    ]
    new = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict == "new"]
    await execute(_INSERT, place.id, *(column_of(new, name) for name in ProductRow.__struct_fields__))
    return verdicts


_KNOWN = f"""
SELECT reference, {as_known("product", _COLUMNS)} FROM product WHERE marketplace_id = $1 AND reference = ANY($2)
"""

_INSERT = """
INSERT INTO product (marketplace_id, reference, name, kind, currency, amount_minor, interval_unit, interval_count,
                     payments, trial_days, initial_amount_minor)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::int[],
                         $9::int[], $10::int[], $11::bigint[])
"""

PRODUCTS = Kind(
    name="products",
    required=("reference", "name", "kind", "currency", "amount"),
    optional=("interval_unit", "interval_count", "payments", "trial_days", "initial_amount"),
    read=read,
    keys=lambda row: [row.reference],
    settle=settle,
)
