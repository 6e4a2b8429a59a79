"""Endpoints that fail: since when, and when they are disabled by themselves, with a notice to staff.

An endpoint is given up (its log says `give_up`) when a delivery was tried to the end, TRIED_FOR of retries.py, and
nothing at all got through meanwhile. One that answers 410 is disabled at once (`gone`). A single delivery that is
refused again and again disables nothing, as others succeed.
"""

from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

from models.database import Record, execute, fetch, fetch_row
from workflows.emails.delivery.stage import stage_email
from workflows.engine.fire import Move, fire
from workflows.machines import WEBHOOK_ENDPOINT
from workflows.marketplaces.staff import who_wants

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
        "SELECT failing_since FROM webhook_endpoint WHERE marketplace_id = $1 AND id = $2 AND state = 'enabled'"
        " AND ($3::timestamptz IS NULL OR failing_since <= $3)",
        marketplace_id,
        endpoint_id,
        failing_for,
    )
    if endpoint is None:
        return
    failing_since: datetime = endpoint["failing_since"]
    ended = await fire(WEBHOOK_ENDPOINT, marketplace_id, endpoint_id, trigger, move)
    await _notify_staff(ended, failing_since, move)


async def _notify_staff(endpoint: Record, failing_since: datetime, move: Move) -> None:
    """Those who want to hear of what failed; the owners where nobody does: from now on events are missed for good."""
    marketplace_id: UUID = endpoint["marketplace_id"]
    told = await who_wants(marketplace_id, "failed_job") or await fetch(
        "SELECT id, email FROM staff WHERE marketplace_id = $1 AND removed_at IS NULL AND role = 'owner' ORDER BY id",
        marketplace_id,
    )
    for member in told:
        await stage_email(
            marketplace_id,
            template="webhook_disabled",
            recipient=member["email"],
            cause=f"webhook_endpoint:{endpoint['id']}:{endpoint['log_seq']}",
            staff_id=member["id"],
            context={
                "host": urlsplit(endpoint["url"]).hostname,  # not the whole: some addresses are secrets themselves
                "gone": endpoint["moved_trigger"] == "gone",
                "failing_since_at": failing_since.isoformat(),
                "description": endpoint["description"],
            },
            by=move.by,
        )
