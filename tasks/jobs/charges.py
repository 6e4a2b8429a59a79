"""Jobs that move money. Safe to repeat: the gateway is asked before anything is tried a second time."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.billing.charges.refunds import settle_refund
from workflows.billing.collection.submit import settle_charge, submit_charge, withdraw_at_gateway
from workflows.billing.gateway import Gateway
from workflows.billing.gateway_events.apply import apply_gateway_event
from workflows.marketplaces.gateway_choice import gateway_of_charge, gateway_of_event, gateway_of_refund

# 14 attempts reach seven hours ahead; then charge.sweep goes on asking about what was submitted.
_ATTEMPTS = 14
# Three days, as long as Stripe sends an event again: one may come long before what it speaks of.
_EVENT_ATTEMPTS = 110


@job("charge.submit", lease=timedelta(minutes=2), attempts=_ATTEMPTS, first_pause=timedelta(seconds=5))
async def submit(marketplace_id: UUID, id: UUID) -> None:
    """Puts one pending charge to the gateway."""
    await submit_charge(marketplace_id, id, await _gateway_of(marketplace_id, id))


@job("charge.settle", lease=timedelta(minutes=2), attempts=_ATTEMPTS, first_pause=timedelta(seconds=30))
async def settle(marketplace_id: UUID, id: UUID) -> None:
    """Asks the gateway what became of a charge."""
    await settle_charge(marketplace_id, id, await _gateway_of(marketplace_id, id))


@job("refund.settle", lease=timedelta(minutes=2), attempts=_ATTEMPTS, first_pause=timedelta(seconds=30))
async def give_back(marketplace_id: UUID, id: UUID) -> None:
    """Puts a pending refund to the gateway again."""
    await settle_refund(marketplace_id, id, ports.gateway(await gateway_of_refund(marketplace_id, id)))


@job("charge.withdraw", lease=timedelta(minutes=2), attempts=_ATTEMPTS, first_pause=timedelta(seconds=5))
async def withdraw(marketplace_id: UUID, id: UUID) -> None:
    """Keeps a withdrawn payment from being confirmed after all."""
    await withdraw_at_gateway(marketplace_id, id, await _gateway_of(marketplace_id, id))


@job("gateway_event.apply", lease=timedelta(minutes=2), attempts=_EVENT_ATTEMPTS, first_pause=timedelta(seconds=1))
async def apply_event(marketplace_id: UUID, id: UUID) -> None:
    """Applies one event that a gateway told us."""
    await apply_gateway_event(marketplace_id, id, ports.gateway(await gateway_of_event(marketplace_id, id)))


async def _gateway_of(marketplace_id: UUID, charge_id: UUID) -> Gateway:
    return ports.gateway(await gateway_of_charge(marketplace_id, charge_id))
