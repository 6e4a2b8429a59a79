"""Whose billing is due by which instant: live marketplaces by real time, each sandbox by its own moved clock."""

from datetime import datetime
from uuid import UUID

import msgspec

from models.database import fetch
from workflows.runtime.clock import marketplace_now, now


class BillingClock(msgspec.Struct, frozen=True):
    """What is due by `by`, of one marketplace; or, `marketplace_id` None, of all: no clock runs behind real time."""

    by: datetime
    marketplace_id: UUID | None = None


async def billing_clocks() -> list[BillingClock]:
    """Real time for everybody, then each sandbox that is ahead of it."""
    ahead = await fetch("SELECT id, clock_offset FROM marketplace WHERE sandbox AND clock_offset > '0' ORDER BY id")
    return [BillingClock(now()), *(BillingClock(marketplace_now(row["clock_offset"]), row["id"]) for row in ahead)]


async def clock_of(marketplace_id: UUID) -> BillingClock:
    """One marketplace's own."""
    row = await fetch("SELECT clock_offset FROM marketplace WHERE id = $1", marketplace_id)
    return BillingClock(marketplace_now(row[0]["clock_offset"]), marketplace_id)
