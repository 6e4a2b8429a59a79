"""A subscription by the number that people see, locked: where every act of staff on one begins.

The row is locked first, as all acts do (CONTRIBUTING.md): what is read of it stays true until the transaction ends.
"""

from uuid import UUID

from models.database import Record, fetch_row, fetch_value
from workflows.runtime.errors import NotFound


async def lock_subscription(marketplace_id: UUID, number: int) -> Record:
    """The marketplace's subscription of that number, locked until the caller's transaction ends. Raises NotFound."""
    row = await fetch_row(
        "SELECT * FROM subscription WHERE marketplace_id = $1 AND number = $2 FOR UPDATE", marketplace_id, number
    )
    if row is None:
        raise NotFound(f"no subscription {number}")
    return row


async def charge_on_its_way(subscription: Record) -> bool:
    """Whether a charge of it is not settled yet: at the gateway, or about to be, or waiting for its customer."""
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM charge WHERE marketplace_id = $1 AND subscription_id = $2"
        " AND state IN ('pending', 'action_required'))",
        subscription["marketplace_id"],
        subscription["id"],
    )
