"""The job of the billing clock: it finds what is due and stages the charges; charge.submit takes the money."""

from datetime import timedelta
from uuid import UUID

from tasks.job import job
from workflows.billing.calendar.clock import billing_clocks, clock_of
from workflows.billing.run.due_work import run_billing


@job("billing.run", lease=timedelta(minutes=10), attempts=3)
async def run(marketplace_id: UUID | None = None) -> None:
    """Does what is due: of one marketplace whose clock was moved, or, as the schedule asks, of all."""
    clocks = await billing_clocks() if marketplace_id is None else [await clock_of(marketplace_id)]
    for clock in clocks:
        await run_billing(clock)
