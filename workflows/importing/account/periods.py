"""Which period of a subscription a past payment was for: by the day on which its invoice's period begins.

A payment that fits no period (an upgrade's difference, a cycle that was moved since) stays with the subscription's
order. A payment that is here already keeps the period that it has.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from models.database import Record, fetch
from workflows.billing.calendar.calendar import period_at
from workflows.importing.charge_rows import PAID
from workflows.importing.known_rows import one
from workflows.importing.shapes import Place, Problem, RawRow

_Row = Mapping[str, str]


async def with_periods(place: Place, rows: Sequence[tuple[int, _Row]]) -> list[RawRow]:
    """Charges' rows with `subscription` and `period` both, or neither."""
    given = [[row.get(name) for _, row in rows] for name in ("reference", "subscription")]
    found = await fetch(_FOUND, place.id, *given)
    periods = [_period(row, known) for (_, row), known in zip(rows, found, strict=True)]
    taken = await fetch(_TAKEN, place.id, [known["id"] for known in found], periods)
    begun: set[tuple[str, int]] = set()  # by rows before it
    return [
        (line, _one(row, known, None if is_taken["taken"] and known["known_id"] is None else period, begun))
        for (line, row), known, period, is_taken in zip(rows, found, periods, taken, strict=True)
    ]


def _one(row: _Row, found: Record, period: int | None, begun: set[tuple[str, int]]) -> _Row | Problem:
    subscription = row.get("subscription")
    if subscription is None:
        return row
    if found["id"] is None:
        return Problem("subscription", f"was not imported: {subscription}")
    paid = row["state"] in PAID
    if period is None or (paid and (subscription, period) in begun):
        return {name: value for name, value in row.items() if name != "subscription"}
    if paid:
        begun.add((subscription, period))
    return {**row, "period": str(period)}


def _period(row: _Row, found: Record) -> int | None:
    begins = row.get("period_start")
    if found["known_id"] is not None:
        return found["known_period"]
    if begins is None or found["id"] is None:
        return None
    since_anchor = period_at(
        found["anchor_at"], datetime.fromisoformat(begins), found["interval_unit"], found["interval_count"]
    )
    if since_anchor is None or since_anchor < 0:
        return None
    period = found["anchor_period"] + since_anchor
    last = found["next_period"] - (row["state"] in PAID)  # what failed may be the one that is due
    return period if period <= last else None


_FOUND = f"""
SELECT subscription.id, subscription.anchor_at, subscription.anchor_period, subscription.interval_unit,
       subscription.interval_count, subscription.next_period, known.id AS known_id, known.period AS known_period
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (reference, subscription_reference, place)
{one("subscription", "subscription", "subscription.reference = given.subscription_reference")}
{one("charge", "known", "known.reference = given.reference")}
ORDER BY given.place
"""

_TAKEN = """
SELECT EXISTS (SELECT FROM charge WHERE charge.marketplace_id = $1 AND charge.subscription_id = given.subscription_id
               AND charge.period = given.period AND charge.state <> 'failed') AS taken
FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS given (subscription_id, period, place) ORDER BY given.place
"""
