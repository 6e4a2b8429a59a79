"""What the Subscription Saver won back: failed, recovered and lost by month, by attempt, in money.

A month's row follows the cases that began in it to their end, so that its figures add up and its rate means something.
Every query reads the months asked for by an index (dunning_case_report, dunning_step_report): what lies before them
costs nothing.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from models.database import Record, fetch
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import InvalidInput

MOST_MONTHS, MONTHS = 36, 12
LAST_ATTEMPT = 12  # later ones (staff's own, new cards') are counted with this one


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one currency."""

    amount_minor: int
    currency: str


class MonthOfCases(msgspec.Struct, frozen=True, kw_only=True):
    """The failed charges that began in one month (`2026-11`, in the marketplace's time zone), and what became of them.

    `lost`: the policy was through, or the subscription was cancelled before it was paid. `recovery_rate` is of those
    that have ended, 0 to 1; None where none has.
    """

    month: str
    failed: int
    recovered: int
    lost: int
    open: int
    recovery_rate: float | None
    recovered_revenue: list[Sum]


class AttemptShown(msgspec.Struct, frozen=True, kw_only=True):
    """All attempts of one place in their case: 1 is the failed charge itself (its customer confirmed it after all).

    `rate` is recovered of tried, 0 to 1; None where none was.
    """

    attempt: int
    tried: int
    recovered: int
    rate: float | None


class SaverReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report over the last `months`, the running one included, oldest first; `as_of` is the marketplace's time."""

    as_of: datetime
    months: list[MonthOfCases]
    total: MonthOfCases  # its `month` is "total"
    attempts: list[AttemptShown]


CASES_BY_MONTH = """
SELECT to_char(date_trunc('month', opened_at AT TIME ZONE $3), 'YYYY-MM') AS month, state, currency,
       count(*) AS cases, sum(amount_minor)::bigint AS amount_minor
FROM dunning_case WHERE marketplace_id = $1 AND opened_at >= $2 GROUP BY 1, 2, 3 ORDER BY 1, 3
"""
ATTEMPTS_BY_PLACE = """
SELECT least(step.stage, $3) AS attempt, count(*) AS tried,
       count(*) FILTER (WHERE charge.payment_status IS NOT NULL) AS recovered
FROM dunning_case AS one
JOIN dunning_step AS step ON step.marketplace_id = one.marketplace_id AND step.dunning_case_id = one.id
     AND step.channel = 'charge' AND step.at >= $2 -- no step is older than its case
JOIN charge ON charge.marketplace_id = step.marketplace_id AND charge.id = step.charge_id
WHERE one.marketplace_id = $1 AND one.opened_at >= $2 AND charge.state IN ('failed', 'action_required', 'succeeded',
      'refunded', 'partially_refunded', 'disputed') GROUP BY 1 ORDER BY 1
"""


async def saver_report(marketplace: Marketplace, months: int = MONTHS) -> SaverReport:
    """The report over the last `months` calendar months. Raises InvalidInput beyond 1 to 36."""
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidInput({"months": f"must be 1 to {MOST_MONTHS}."})
    as_of = marketplace_now(billing_offset(marketplace))
    names, since = _months(as_of, months, marketplace.time_zone)
    cases = await fetch(CASES_BY_MONTH, marketplace.id, since, marketplace.time_zone)
    attempts = await fetch(ATTEMPTS_BY_PLACE, marketplace.id, since, LAST_ATTEMPT)
    return SaverReport(
        as_of=as_of,
        months=[_month(name, [row for row in cases if row["month"] == name]) for name in names],
        total=_month("total", cases),
        attempts=[AttemptShown(**row, rate=_rate(row["recovered"], row["tried"])) for row in attempts],
    )


def _months(as_of: datetime, count: int, time_zone: str) -> tuple[list[str], datetime]:
    """The names of the last `count` months, oldest first, and the instant at which the first began."""
    here = as_of.astimezone(ZoneInfo(time_zone))
    last = here.year * 12 + here.month - 1
    first = last - count + 1
    began = datetime(first // 12, first % 12 + 1, 1, tzinfo=ZoneInfo(time_zone))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)], began


def _month(name: str, rows: list[Record]) -> MonthOfCases:
    def cases(*states: str) -> int:
        return sum(row["cases"] for row in rows if row["state"] in states)

    recovered, lost, still_open = cases("recovered"), cases("exhausted", "abandoned"), cases("open")
    revenue: dict[str, int] = {}
    for row in rows:
        if row["state"] == "recovered":
            revenue[row["currency"]] = revenue.get(row["currency"], 0) + row["amount_minor"]
    return MonthOfCases(
        month=name,
        failed=recovered + lost + still_open,
        recovered=recovered,
        lost=lost,
        open=still_open,
        recovery_rate=_rate(recovered, recovered + lost),
        recovered_revenue=[Sum(amount_minor=revenue[one], currency=one) for one in sorted(revenue)],
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
