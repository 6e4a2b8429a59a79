"""Endpoints that fail: since when, and when they are disabled by themselves, with a notice to staff.

One that was tried for three days while nothing at all got through is given up (its log says `give_up`), one that
answers 410 at once (`gone`). A single delivery that is refused again and again disables nothing, as others succeed.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from models.database import execute, fetch_row
from workflows.fire import Move, fire
from workflows.machines import WEBHOOK_ENDPOINT

End = Literal["gone", "give_up"]


async def note_success(marketplace_id: UUID, endpoint_id: UUID) -> None:
    """Something was delivered: it is not failing. Locks the endpoint's row only where it was."""
    await execute(
        "UPDATE webhook_endpoint SET failing_since = NULL"
        " WHERE marketplace_id = $1 AND id = $2 AND failing_since IS NOT NULL",
        marketplace_id,
        endpoint_id,
    )


async def note_failure(marketplace_id: UUID, endpoint_id: UUID, at: datetime) -> None:
    """Something was not delivered. Locks the endpoint's row, so that whoever ends it holds it before its deliveries."""
    await execute(
        "UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, $3) WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        endpoint_id,
        at,
    )


async def end_endpoint(
    marketplace_id: UUID, endpoint_id: UUID, trigger: End, move: Move, failing_for: datetime | None = None
) -> None:
    """Disables an enabled endpoint and tells the staff; with `failing_for`, only if nothing got through since then."""
    endpoint = await fetch_row(
        "SELECT id FROM webhook_endpoint WHERE marketplace_id = $1 AND id = $2 AND state = 'enabled'"
        " AND ($3::timestamptz IS NULL OR failing_since <= $3)",
        marketplace_id,
        endpoint_id,
        failing_for,
    )
    if endpoint is None:
        return
    await fire(WEBHOOK_ENDPOINT, marketplace_id, endpoint_id, trigger, move)
