"""Jobs that look whether what must always hold does: by the hour at what moved, every night at everything."""

from datetime import timedelta

from tasks.job import job
from workflows.audit.invariants.check import check_invariants
from workflows.runtime.logs import logger

_LOG = logger(__name__)


@job("facts.check_moved", lease=timedelta(minutes=30), attempts=3)
async def check_moved() -> None:
    """Looks at what moved since the last time, and at all that should be over by now."""
    await _check(full=False)


# A hundred million rows are half an hour to two hours; they are read a slice at a time, in nobody's way.
@job("facts.check_all", lease=timedelta(hours=5), attempts=3)
async def check_all() -> None:
    """Looks at everything."""
    await _check(full=True)


async def _check(*, full: bool) -> None:
    for one in await check_invariants(full=full):
        if one.breaches:
            _LOG.error("fact broken", fact=one.fact.name, breaches=len(one.breaches), first=one.breaches[0].tells)
