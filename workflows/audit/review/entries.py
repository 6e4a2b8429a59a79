"""The transitions of entities that belong together: one shape and one statement, for history.py and timeline.py."""

from collections.abc import Sequence
from uuid import UUID

from models.database import fetch_one
from models.row import Row
from workflows.audit.review.rows import COLUMNS, LoggedRow, LoggedTransition, logged_transitions
from workflows.runtime.errors import NotFound

# After a CTE `thing` of entities.py; $1 is the marketplace.
ENTRIES = f"""
SELECT {COLUMNS}, thing.amount_minor, thing.currency, thing.what
FROM thing JOIN transition_log AS log ON log.marketplace_id = $1 AND log.machine = thing.machine
  AND log.entity_id = thing.id AND log.at >= thing.since AND log.at <= thing.until
"""


class EntryRow(LoggedRow, frozen=True):
    """A row of ENTRIES."""

    amount_minor: int | None
    currency: str | None
    what: str | None


class Subject(Row, frozen=True):
    """A subscription or a customer."""

    id: UUID
    number: int


class Entry(LoggedTransition, frozen=True, kw_only=True):
    """A transition and what it is of. `amount_minor` is of a charge and of a case; `what` names an invoice, an e-mail's
    template, a link's purpose."""

    amount_minor: int | None
    currency: str | None
    what: str | None


async def entries_of(marketplace_id: UUID, rows: Sequence[EntryRow]) -> list[Entry]:
    """Rows of `ENTRIES`, with the names of who moved them."""
    moves = await logged_transitions(marketplace_id, rows)
    return [
        Entry(
            **{name: getattr(move, name) for name in LoggedTransition.__struct_fields__},
            amount_minor=row.amount_minor,
            currency=row.currency,
            what=row.what,
        )
        for move, row in zip(moves, rows, strict=True)
    ]


async def find_subject(marketplace_id: UUID, subject: str, which: int | UUID) -> Subject:
    """Id and number of the subscription or customer (`subject`) of that number or id. Raises NotFound."""
    found = await fetch_one(
        Subject,
        f"SELECT id, number FROM {subject} WHERE marketplace_id = $1"
        f" AND {'id' if isinstance(which, UUID) else 'number'} = $2",
        marketplace_id,
        which,
    )
    if found is None:
        raise NotFound(f"no {subject} {which}")
    return found
