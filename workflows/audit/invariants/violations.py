"""Breaches of facts, as they are kept: opened by the first look that sees one, seen again, gone.

Staff who want to hear of broken facts are told when one opens (workflows/emails/notices_for_staff.py).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from models.database import execute, fetch_all, transaction
from models.row import Row
from workflows.audit.invariants.invariant import Invariant
from workflows.emails.notices_for_staff import notify_of_violation

_SEEN = """
INSERT INTO fact_breach (marketplace_id, fact, about, entity, tells, opened_at, seen_at)
SELECT marketplace_id, $1, about, entity, tells, clock_timestamp(), clock_timestamp()
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS found (marketplace_id, about, entity, tells)
ORDER BY about, entity
ON CONFLICT (fact, about, entity) WHERE gone_at IS NULL
DO UPDATE SET seen_at = excluded.seen_at, times = fact_breach.times + 1, tells = excluded.tells
RETURNING id, marketplace_id, tells, times
"""


class _Seen(Row, frozen=True):
    id: UUID
    marketplace_id: UUID | None
    tells: str
    times: int


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """Something that breaks a fact: which row of which table, and what is wrong with it."""

    marketplace_id: UUID | None
    about: str
    entity: str
    tells: str


async def record_violations(fact: Invariant, found: Sequence[Violation]) -> None:
    """Opens the breaches that are new, and says of the others that they were seen again."""
    if not found:
        return
    columns = [[getattr(one, name) for one in found] for name in ("marketplace_id", "about", "entity", "tells")]
    async with transaction():
        opened = [row for row in await fetch_all(_Seen, _SEEN, fact.name, *columns) if row.times == 1]
        for marketplace_id in dict.fromkeys(row.marketplace_id for row in opened if row.marketplace_id):
            own = [row for row in opened if row.marketplace_id == marketplace_id]
            await notify_of_violation(marketplace_id, fact.says, own[0].tells, own[0].id, len(own))


async def close_unseen_violations(fact: str, began: datetime) -> int:
    """Says of the breaches that a whole look, begun then, did not see that they are gone; answers how many."""
    return await execute(
        "UPDATE fact_breach SET gone_at = clock_timestamp() WHERE fact = $1 AND gone_at IS NULL AND seen_at < $2",
        fact,
        began,
    )
