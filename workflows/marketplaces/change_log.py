"""What staff and API keys changed that is no life cycle: who, when, and the fields as they were and as they are.

Life cycles have the transition log, which the database writes. This is written in the transaction of the change;
nobody can change or remove it afterwards. Never a secret, and of a file its digest only.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.database import execute, fetch_value
from workflows.engine.actor import Actor
from workflows.runtime.clock import now
from workflows.runtime.errors import TooManyRequests
from workflows.runtime.request import request_id

OWN_CHANGES_A_DAY = 50  # of a customer, who moves house less often
_DAY = timedelta(days=1)
_NOTHING: Mapping[str, Any] = {}


async def record_change(
    marketplace_id: UUID,
    by: Actor,
    subject: str,
    act: str,
    before: Mapping[str, Any] = _NOTHING,
    after: Mapping[str, Any] = _NOTHING,
) -> None:
    """Writes a change down, in the caller's transaction; nothing where no field differs and the act is `changed`.

    `subject` says what was changed: `portal_settings`, `staff:<id>`; `act` is a code: `changed`, `invited`, `revoked`.
    Raises TooManyRequests for a customer who changed their own record 50 times within a day.
    """
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not names and act == "changed":
        return
    if by.kind == "customer":
        await _check_own_changes(marketplace_id, subject)
    await execute(
        "INSERT INTO change_log (marketplace_id, actor_kind, actor_id, request_id, subject, act, before, after)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        marketplace_id,
        by.kind,
        str(by.id),
        request_id.get(),
        subject,
        act,
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


async def _check_own_changes(marketplace_id: UUID, subject: str) -> None:
    """Of a customer whose row is locked: what they change is written down for ever, and the merchant is told."""
    made = await fetch_value(
        "SELECT count(*) FROM change_log WHERE marketplace_id = $1 AND subject = $2 AND actor_kind = 'customer'"
        " AND at > $3",
        marketplace_id,
        subject,
        now() - _DAY,
    )
    if made >= OWN_CHANGES_A_DAY:
        raise TooManyRequests("changes of one's own record", int(_DAY.total_seconds()))
