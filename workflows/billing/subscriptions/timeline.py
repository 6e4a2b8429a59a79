"""What became of a subscription, move by move, from the transition log: its own, its cases' and its charges'; and which
e-mails to its customer did not arrive.

Facts only: who, why and when, as the log has them, with the names of staff and keys. Their words are the page's.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import Record, fetch, fetch_value
from workflows.runtime.errors import NotFound

MOST = 1000  # moves of one subscription: twenty years of monthly renewals


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One move. `at` is real time, also of a sandbox whose clock runs ahead. `actor_name` is of staff and API keys;
    `amount_minor` of a charge and of a case, `template` of an e-mail. `from_state` None: it came to be."""

    at: datetime
    machine: str
    entity_id: UUID
    trigger: str
    from_state: str | None
    to_state: str
    actor_kind: str
    actor_id: str
    actor_name: str | None
    reason: str
    details: dict[str, Any]
    amount_minor: int | None
    currency: str | None
    decline_code: str | None
    template: str | None


_ENTRIES = """
WITH thing AS (
    SELECT 'subscription' AS machine, $2::uuid AS id, NULL::bigint AS amount_minor, NULL::text AS currency,
           NULL::text AS template
    UNION ALL
    SELECT 'dunning_case', id, amount_minor, currency, NULL FROM dunning_case
    WHERE marketplace_id = $1 AND subscription_id = $2
    UNION ALL
    SELECT 'charge', id, amount_minor, currency, NULL FROM charge WHERE marketplace_id = $1 AND subscription_id = $2
    UNION ALL
    SELECT 'outgoing_email', mail.id, NULL, NULL, mail.template FROM outgoing_email AS mail
    JOIN subscription AS whose ON whose.marketplace_id = $1 AND whose.id = $2 AND whose.customer_id = mail.customer_id
    WHERE mail.marketplace_id = $1 AND mail.state IN ('bounced', 'dropped')
)
SELECT log.at, log.machine, log.entity_id, log.trigger, log.from_state, log.to_state, log.actor_kind, log.actor_id,
       log.reason, coalesce(log.details, '{}') AS details, thing.amount_minor, thing.currency,
       thing.template
FROM thing
JOIN transition_log AS log ON log.marketplace_id = $1 AND log.machine = thing.machine AND log.entity_id = thing.id
    AND (log.machine <> 'outgoing_email' OR log.to_state IN ('bounced', 'dropped'))
ORDER BY log.at DESC, log.entity_id, log.seq DESC LIMIT $3
"""


async def timeline_of(marketplace_id: UUID, number: int, most: int = MOST) -> list[TimelineEntry]:
    """The moves of a subscription and what hangs on it, newest first, at most `most`. Raises NotFound."""
    subscription_id = await fetch_value(
        "SELECT id FROM subscription WHERE marketplace_id = $1 AND number = $2", marketplace_id, number
    )
    if subscription_id is None:
        raise NotFound(f"no subscription {number}")
    rows = await fetch(_ENTRIES, marketplace_id, subscription_id, most)
    names = await _names(marketplace_id, rows)
    return [
        TimelineEntry(
            **row,
            actor_name=names.get((row["actor_kind"], row["actor_id"])),
            decline_code=row["details"].get("decline_code"),
        )
        for row in rows
    ]


async def _names(marketplace_id: UUID, rows: list[Record]) -> dict[tuple[str, str], str]:
    """What staff and keys among the actors are called."""
    found: dict[tuple[str, str], str] = {}
    for kind, called in (("staff", "coalesce(nullif(name, ''), email)"), ("api_key", "name")):
        ids = list({row["actor_id"] for row in rows if row["actor_kind"] == kind})
        if ids:
            named = await fetch(
                f"SELECT id::text AS id, {called} AS name FROM {kind} WHERE marketplace_id = $1 AND id::text = ANY($2)",
                marketplace_id,
                ids,
            )
            found |= {(kind, row["id"]): row["name"] for row in named}
    return found
