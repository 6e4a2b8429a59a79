"""The job of imports from gateways' accounts: one step, which stages the next one."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.importing.account.run import StepTaken, find_run
from workflows.importing.account.steps import take_step
from workflows.runtime.logs import logger

_LOG = logger(__name__)


# The last step of a dry run stores everything once: some minutes for a million rows. The others take seconds.
@job("import.step", lease=timedelta(minutes=20), attempts=14, first_pause=timedelta(seconds=5))
async def step(marketplace_id: UUID, id: UUID) -> None:
    """Reads a page from the gateway, stores some rows, or has the gateway stop charging a subscription."""
    run = await find_run(marketplace_id, id)
    if run.ended_at is not None:
        return
    try:
        await take_step(run, ports.account_of(run.source, marketplace_id))
    except StepTaken as taken:  # by the command line, or it was stopped: whoever took it goes on
        _LOG.info("import left", run=str(id), because=str(taken))
