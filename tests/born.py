"""A row of any machine in any state, with any facts: by its own moves, or by import where the machine has that."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from models.database import Record, execute, fetch_row
from tests.factories import (
    BY_WORKER,
    IMPORTED,
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_session,
    a_subscription,
    an_open_case,
)
from tests.webhook_rows import a_delivery, an_endpoint
from workflows.engine.fire import create, fire
from workflows.engine.machine import StateMachine
from workflows.machines import DOCUMENT, INVOICE, OUTGOING_EMAIL
from workflows.runtime.clock import now

# How a row gets into a later state, where it cannot be imported there. Typed by hand.
PATHS: dict[tuple[str, str], tuple[str, ...]] = {
    ("access_token", "redeemed"): ("redeem",),
    ("access_token", "expired"): ("revoke",),
    ("portal_session", "expired"): ("expire",),
    ("portal_session", "ended"): ("sign_out",),
    ("document", "rendered"): ("render",),
    ("document", "failed"): ("give_up",),
    ("outgoing_email", "sent"): ("deliver",),
    ("outgoing_email", "delivered"): ("deliver", "confirm"),
    ("outgoing_email", "bounced"): ("bounce",),
    ("outgoing_email", "dropped"): ("drop",),
    ("webhook_endpoint", "disabled"): ("disable",),
    ("webhook_endpoint", "removed"): ("remove",),
    ("webhook_delivery", "delivered"): ("deliver",),
    ("webhook_delivery", "failed"): ("give_up",),
}


async def born(machine: StateMachine, state: str, facts: Mapping[str, Any] | None = None) -> Record:
    """A row in `state`; `facts` are set afterwards, as plain SQL may, and move nothing."""
    row = await _MAKERS[machine.name](state)
    for trigger in PATHS.get((machine.name, state), ()):
        later = {"now": now() + timedelta(days=1)} if trigger == "expire" else {}
        row = await fire(machine, row["marketplace_id"], row["id"], trigger, BY_WORKER, arguments=later)
    assert row["state"] == state
    if facts:
        places = ", ".join(f"{name} = ${position}" for position, name in enumerate(facts, 2))
        await execute(f"UPDATE {machine.name} SET {places} WHERE id = $1", row["id"], *facts.values())
    found = await fetch_row(f"SELECT * FROM {machine.name} WHERE id = $1", row["id"])
    assert found is not None
    return found


async def _link(_: str) -> Record:
    return await a_link(await a_marketplace())


async def _session(_: str) -> Record:
    marketplace = await a_marketplace()
    return (await a_session(marketplace, await a_customer(marketplace)))[1]


async def _subscription(state: str) -> Record:
    return await a_subscription(await a_marketplace(), state=state)


async def _case(state: str) -> Record:
    return await an_open_case(await a_subscription(await a_marketplace(), state="failed_charge"), state=state)


async def _charge(state: str) -> Record:
    return await a_charge(await a_marketplace(), state=state)


async def _invoice(state: str) -> Record:
    charge = await a_charge(await a_marketplace())
    columns = {
        "marketplace_id": charge["marketplace_id"],
        "customer_id": charge["customer_id"],
        "charge_id": charge["id"],
        "number": f"INV-{uuid4()}",
        "snapshot": {},
        "issued_at": now(),
    }
    if state == INVOICE.initial:
        return await create(INVOICE, columns, BY_WORKER)
    return await create(INVOICE, columns, IMPORTED, state=state)


async def _document(_: str) -> Record:
    invoice = await _invoice("issued")
    return await create(DOCUMENT, {"marketplace_id": invoice["marketplace_id"], "invoice_id": invoice["id"]}, BY_WORKER)


async def _email(_: str) -> Record:
    marketplace_id: UUID = (await a_marketplace()).id
    columns = {
        "marketplace_id": marketplace_id,
        "template": "access_link",
        "cause": f"test:{uuid4()}",
        "recipient": "jane@example.com",
    }
    return await create(OUTGOING_EMAIL, columns, BY_WORKER)


async def _endpoint(_: str) -> Record:
    return (await an_endpoint(await a_marketplace()))[0]


async def _delivery(_: str) -> Record:
    return await a_delivery(await _endpoint(""))


_MAKERS: dict[str, Callable[[str], Awaitable[Record]]] = {
    "access_token": _link,
    "portal_session": _session,
    "subscription": _subscription,
    "dunning_case": _case,
    "charge": _charge,
    "invoice": _invoice,
    "document": _document,
    "outgoing_email": _email,
    "webhook_endpoint": _endpoint,
    "webhook_delivery": _delivery,
}
