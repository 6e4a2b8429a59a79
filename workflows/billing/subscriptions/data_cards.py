"""The three data cards above the list of subscriptions: active now, failed charges, recovered revenue (PRODUCT.md 3.4).

They are read from tallies that the moves themselves leave (migration 0012) and a job adds up, so that they cost the
same at any size. What was not added up yet is missing: at most a minute's worth, and the cards say as of when.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from models.database import execute, fetch, fetch_value
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now

RECOVERED_WITHIN = timedelta(days=30)  # of the marketplace's clock, days of UTC


class Revenue(msgspec.Struct, frozen=True, kw_only=True):
    """An amount in minor units of its currency."""

    currency: str
    amount_minor: int


class DataCards(msgspec.Struct, frozen=True, kw_only=True):
    """`active_now`: subscriptions that are active, in their trial included. `failed_charges`: subscriptions whose last
    charge failed and is not recovered yet. `recovered_revenue`: what the Subscription Saver won back within 30 days, by
    currency, refunds not subtracted. `as_of`: what happened later is not counted yet; None: nothing was counted yet."""

    active_now: int
    failed_charges: int
    recovered_revenue: list[Revenue]
    as_of: datetime | None


async def data_cards(marketplace: Marketplace) -> DataCards:
    """The marketplace's cards."""
    since = (marketplace_now(billing_offset(marketplace)) - RECOVERED_WITHIN).astimezone(UTC).date()
    counts = await fetch(
        "SELECT name, value FROM tally WHERE marketplace_id = $1 AND name = ANY($2) AND day = '-infinity'",
        marketplace.id,
        ["active", "failed_charge"],
    )
    recovered = await fetch(
        "SELECT currency, sum(value)::bigint AS amount_minor FROM tally"
        " WHERE marketplace_id = $1 AND name = 'recovered' AND day > $2 GROUP BY currency ORDER BY currency",
        marketplace.id,
        since,
    )
    count = {row["name"]: row["value"] for row in counts}
    return DataCards(
        active_now=count.get("active", 0),
        failed_charges=count.get("failed_charge", 0),
        recovered_revenue=[Revenue(**row) for row in recovered],
        as_of=await fetch_value("SELECT summed_at FROM tally_sum"),
    )


_SUM_UP = """
WITH taken AS (
    DELETE FROM tally_step RETURNING marketplace_id, name, day, currency, step
), summed AS (
    INSERT INTO tally_sum (summed_at) VALUES (statement_timestamp())
    ON CONFLICT (only_one) DO UPDATE SET summed_at = excluded.summed_at
)
INSERT INTO tally (marketplace_id, name, day, currency, value)
SELECT marketplace_id, name, day, currency, sum(step) FROM taken GROUP BY marketplace_id, name, day, currency
ORDER BY marketplace_id, name, day, currency
ON CONFLICT (marketplace_id, name, day, currency) DO UPDATE SET value = tally.value + excluded.value
"""


async def sum_up() -> int:
    """Adds what the moves left to the tallies, in one statement; answers how many tallies changed."""
    return await execute(_SUM_UP)
