"""Whom mail no longer reaches: after a hard bounce or a complaint nothing more goes to that address.

Two things still do: what its owner asks for just now (`asked_for` of stage_email), and everything again once staff
have corrected the address (the database forgets the mark with it) or said to try it again. A soft bounce marks nobody.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from models.database import Record, execute, fetch_value, transaction
from workflows.customers.records import CustomerRecord, find_customer
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.runtime.clock import now
from workflows.runtime.errors import AddressUndeliverable

_MARKS = {"hard": "hard_bounce", "complaint": "complaint"}
_MARK = """
UPDATE {person} SET undeliverable = $4, undeliverable_reason = $5, undeliverable_since = $6
WHERE marketplace_id = $1 AND id = $2 AND lower(email) = lower($3)
  AND (tried_again_at IS NULL OR tried_again_at < $6)
  AND (undeliverable IS NULL OR (undeliverable = 'hard_bounce' AND $4 = 'complaint')
       OR (undeliverable = $4 AND undeliverable_since > $6))
"""


async def mark_undeliverable(email: Record, kind: str, reason: str | None, occurred_at: datetime) -> None:
    """Stops mail to whom that e-mail went, in the caller's transaction, if the event is grave and the address is still
    theirs. The earliest of the gravest stays, in whatever order they come."""
    if kind not in _MARKS:
        return
    for person in ("customer", "staff"):
        if email[f"{person}_id"] is not None:
            await execute(
                _MARK.format(person=person),
                email["marketplace_id"],
                email[f"{person}_id"],
                email["recipient"],
                _MARKS[kind],
                reason,
                occurred_at,
            )


def refuse_undeliverable(person: Any) -> None:
    """For what staff send: `person` is the customer's row. Raises AddressUndeliverable."""
    if person["undeliverable"] is not None:
        raise AddressUndeliverable(person["undeliverable"])


async def try_again(marketplace_id: UUID, customer: str, by: Actor) -> CustomerRecord:
    """Lets mail go to a customer's address again; nothing when it does. Bounces of before count no more.

    Raises NotFound.
    """
    found = await find_customer(marketplace_id, customer)
    await clear_suppression("customer", marketplace_id, found.id, by)
    return await find_customer(marketplace_id, str(found.id))


async def clear_suppression(
    person: Literal["customer", "staff"], marketplace_id: UUID, person_id: UUID, by: Actor
) -> None:
    """The same for a row of either table, and says so in the log of changes."""
    async with transaction():
        mark = await fetch_value(
            f"SELECT undeliverable FROM {person} WHERE marketplace_id = $1 AND id = $2 FOR NO KEY UPDATE",
            marketplace_id,
            person_id,
        )
        if mark is None:
            return
        await execute(
            f"UPDATE {person} SET undeliverable = NULL, undeliverable_reason = NULL, undeliverable_since = NULL,"
            " tried_again_at = $3 WHERE marketplace_id = $1 AND id = $2",
            marketplace_id,
            person_id,
            now(),
        )
        was, after = {"undeliverable": mark}, {"undeliverable": None}
        await record_change(marketplace_id, by, f"{person}:{person_id}", "tried_again", was, after)
