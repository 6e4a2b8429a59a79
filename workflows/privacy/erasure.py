"""Forgetting a customer (GDPR, Article 17): what is theirs goes, what the law makes the merchant keep stays, and every
chain and proof of the log stays valid, since the log holds ids and codes only.

What stays, and why: docs/data.md. The row stays as well, with its number: orders, charges and invoices hang on it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.customers.rows import CustomerRow
from models.database import execute, fetch, fetch_one, fetch_value, fetch_values, retrying, transaction
from models.row import Row, columns
from workflows.customers.records import find_customer
from workflows.engine.actor import Actor
from workflows.engine.emit_event import emit_event
from workflows.engine.fire import Move, fire_where
from workflows.machines import ACCESS_TOKEN, OUTGOING_EMAIL, PORTAL_SESSION
from workflows.marketplaces.change_log import record_change
from workflows.privacy.erasure_statements import PERSONAL_DATA
from workflows.runtime.errors import WorkflowError

_OF_CUSTOMER = "marketplace_id = $1 AND customer_id = $2"
_LOCKED = f"SELECT {columns(CustomerRow)} FROM customer WHERE marketplace_id = $1 AND id = $2 FOR UPDATE"


class _Standing(Row, frozen=True):
    number: int
    erased_at: datetime | None


class _Unsettled(Row, frozen=True):
    """Which of the customer's payments wait for an answer, and whether an import runs that may know the customer."""

    charging: bool
    disputed: bool
    refunding: bool
    importing: bool


class ErasureRefused(WorkflowError):
    """Raised while something keeps a customer from being erased; `says` is what, and what to do, in sentences."""

    code = "erasure_refused"

    def __init__(self, hindrances: list[str]) -> None:
        super().__init__(" ".join(hindrances))
        self.hindrances = hindrances


class ErasureShown(msgspec.Struct, frozen=True, kw_only=True):
    """What erasing a customer would find: `hindrances` that are to be cleared first, in sentences; and how much is kept
    by law: `invoices`, credit notes included. `erased_at`: it was done then."""

    number: int
    hindrances: list[str]
    invoices: int
    erased_at: datetime | None


async def look_before_erasing(marketplace_id: UUID, customer: str) -> ErasureShown:
    """What stands in the way and what would stay. Raises NotFound."""
    found = await find_customer(marketplace_id, customer)
    return await _shown(marketplace_id, found.id)


@retrying
async def erase_customer(marketplace_id: UUID, customer: str, by: Actor) -> ErasureShown:
    """Erases a customer; one who was erased is the answer. Raises NotFound, ErasureRefused.

    Locks their subscriptions, then their row: what began before has ended, what begins later finds nobody.
    """
    found = await find_customer(marketplace_id, customer)
    async with transaction():
        await fetch(f"SELECT FROM subscription WHERE {_OF_CUSTOMER} ORDER BY id FOR UPDATE", marketplace_id, found.id)
        row = await fetch_one(CustomerRow, _LOCKED, marketplace_id, found.id)
        assert row is not None, "it was found, and customers are never deleted"
        if row.erased_at is None:
            if hindrances := await _blockers(marketplace_id, found.id):
                raise ErasureRefused(hindrances)
            await _erase(row, by)
        return await _shown(marketplace_id, found.id)


async def _erase(row: CustomerRow, by: Actor) -> None:
    marketplace_id, customer_id = row.marketplace_id, row.id
    move = Move(by, "customer_erased")
    for machine in (ACCESS_TOKEN, PORTAL_SESSION):  # in this order: a link redeemed meanwhile has its session ended
        await fire_where(machine, "revoke", _OF_CUSTOMER, (marketplace_id, customer_id), move)
    await fire_where(OUTGOING_EMAIL, "drop", _OF_CUSTOMER, (marketplace_id, customer_id), move)
    known = {"marketplace": marketplace_id, "customer": customer_id}
    known |= {name: getattr(row, name) for name in ("number", "email", "reference", "gateway_reference")}
    for trace in PERSONAL_DATA:
        await execute(*_filled(trace, known))
    await record_change(marketplace_id, by, f"customer:{customer_id}", "erased")
    await emit_event("customer.erased", marketplace_id, "customer", customer_id)


def _filled(sql: str, known: Mapping[str, Any]) -> tuple[Any, ...]:
    """A statement with `:name` for what is known of the customer, as one with `$1` …, and its arguments."""
    names = [name for name in known if f":{name}" in sql]
    for place, name in enumerate(names, start=1):
        sql = sql.replace(f":{name}", f"${place}")
    return sql, *(known[name] for name in names)


async def _shown(marketplace_id: UUID, customer_id: UUID) -> ErasureShown:
    row = await fetch_one(
        _Standing,
        "SELECT number, erased_at FROM customer WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        customer_id,
    )
    assert row is not None, "customers are never deleted"
    return ErasureShown(
        number=row.number,
        hindrances=[] if row.erased_at else await _blockers(marketplace_id, customer_id),
        invoices=await fetch_value(f"SELECT count(*) FROM invoice WHERE {_OF_CUSTOMER}", marketplace_id, customer_id),
        erased_at=row.erased_at,
    )


async def _blockers(marketplace_id: UUID, customer_id: UUID) -> list[str]:
    """What lives, and what is not settled yet: money on its way needs its customer."""
    live = await fetch_values(
        f"SELECT number FROM subscription WHERE {_OF_CUSTOMER} AND state IN ('active', 'failed_charge')"
        " ORDER BY number",
        marketplace_id,
        customer_id,
    )
    said = [f"Subscription {number} is not ended: cancel it first." for number in live]
    found = await fetch_one(_Unsettled, _UNSETTLED, marketplace_id, customer_id)
    return said + [sentence for name, sentence in _SENTENCES.items() if getattr(found, name)]


_OF_THEIR_CHARGES = "marketplace_id = $1 AND charge.customer_id = $2"
# A dispute that was lost leaves its charge disputed for ever; one that nobody told us the end of is over after a year.
_UNSETTLED = f"""
SELECT EXISTS (SELECT FROM charge WHERE {_OF_THEIR_CHARGES} AND state IN ('pending', 'action_required')) AS charging,
    EXISTS (SELECT FROM charge WHERE {_OF_THEIR_CHARGES} AND state = 'disputed' AND paid_at > now() - interval '1 year'
        AND NOT EXISTS (SELECT FROM gateway_event AS ended WHERE ended.marketplace_id = $1
            AND ended.subject = charge.moved_details ->> 'dispute' AND ended.type IN ('DisputeWon', 'DisputeLost')
            AND ended.payload IS NULL)
    ) AS disputed,
    EXISTS (SELECT FROM refund JOIN charge USING (marketplace_id) WHERE {_OF_THEIR_CHARGES}
        AND refund.charge_id = charge.id AND refund.status = 'pending') AS refunding,
    EXISTS (SELECT FROM import_run WHERE marketplace_id = $1 AND ended_at IS NULL) AS importing
"""
_SENTENCES: Mapping[str, str] = {
    "charging": "A charge is not settled yet: wait until the gateway has answered.",
    "disputed": "A payment is disputed: wait until the bank has decided.",
    "refunding": "A refund is on its way: wait until the gateway has answered.",
    "importing": "An import is under way, which may know this person: wait for its end, or stop it.",
}
