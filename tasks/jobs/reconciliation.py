"""The nightly job that holds our books beside the gateways'."""

from datetime import timedelta

from integrations.gateways import UnknownGateway, gateway_for
from tasks.job import job
from workflows.billing.reconciliation.nightly import compare_payments, gateways_in_use
from workflows.runtime.logs import logger

_LOG = logger(__name__)


# Three days of a busy account are thousands of pages, a third of a second each.
@job("books.compare", lease=timedelta(hours=1), attempts=5, first_pause=timedelta(minutes=5))
async def compare() -> None:
    """Compares the last days, gateway by gateway."""
    for name in await gateways_in_use():
        try:
            gateway = gateway_for(name)
        except UnknownGateway as unknown:
            _LOG.error("books not compared", gateway=name, because=str(unknown))
            continue
        differences = await compare_payments(name, gateway)
        _LOG.info("books compared", gateway=name, differences=differences)
