"""What the gateway of benchmarks/renewals.py does with every charge: 200 ms later it says yes."""

import asyncio
from datetime import timedelta

from integrations.gateways.sandbox import SandboxGateway
from workflows.billing.gateway import ChargeRequest, Outcome

ANSWERS_AFTER = timedelta(milliseconds=200)


async def charge_slowly(self: SandboxGateway, request: ChargeRequest) -> Outcome:  # noqa: ARG001
    """Takes the money of whatever card, and its time. Remembers nothing: the benchmark counts our own books."""
    await asyncio.sleep(ANSWERS_AFTER.total_seconds())
    return Outcome(
        state="succeeded",
        gateway_reference=f"ch_{request.idempotency_key}",
        amount_minor=request.amount_minor,
        currency=request.currency,
    )
