"""A subscription whose charges are really put to the sandbox gateway, and the clock that makes them due."""

from datetime import timedelta
from typing import Any

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch, fetch_row
from tests.factories import a_customer, a_payment_method, a_subscription
from workflows.billing.calendar.clock import clock_of
from workflows.billing.collection.submit import submit_charge
from workflows.billing.gateway import CardDetails
from workflows.billing.run.due_work import run_billing
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

PAYS, FAILS = "4242424242424242", "4000000000000341"


async def billed(marketplace: Marketplace, number: str = PAYS, **columns: Any) -> Record:
    """A subscription with that sandbox card, its first charge due now."""
    card = await gateway_for("sandbox").take_card(CardDetails(number=number, exp_month=12, exp_year=now().year + 3))
    customer = await a_customer(marketplace)
    method = await a_payment_method(marketplace, customer, reference=card.reference, fingerprint=card.fingerprint)
    anchor = now() - timedelta(seconds=1)
    dates = {"started_at": anchor, "anchor_at": anchor, "next_charge_at": anchor}
    given: dict[str, Any] = {"payments_made": 0, "next_period": 0, **dates, **columns}
    return await a_subscription(marketplace, customer=customer, payment_method=method, **given)


async def run(marketplace: Marketplace, days: float = 0) -> None:
    """Moves the marketplace's clock and does what is due, charges put to the gateway included."""
    await execute(
        "UPDATE marketplace SET clock_offset = clock_offset + $2 WHERE id = $1", marketplace.id, timedelta(days=days)
    )
    while True:
        await run_billing(await clock_of(marketplace.id))
        pending = await fetch("SELECT id FROM charge WHERE state = 'pending'")
        for charge in pending:
            await submit_charge(marketplace.id, charge["id"], gateway_for("sandbox"))
        if not pending:
            return


async def of(table: str) -> Record:
    """The only row of a table."""
    row = await fetch_row(f"SELECT * FROM {table}")
    assert row is not None
    return row
