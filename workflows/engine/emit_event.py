"""Events of rows that have no life cycle, for outgoing webhooks. Events of transitions are in event_sql.py."""

from uuid import UUID

from models.database import execute
from workflows.engine.event_sql import DATA, events_of
from workflows.engine.event_types import EVENT_TYPES
from workflows.engine.job_names import ACTORS
from workflows.runtime.errors import DefinitionError
from workflows.runtime.request import request_id


async def emit_event(event_type: str, marketplace_id: UUID, table: str, row_id: UUID) -> None:
    """Writes an event of a row without a life cycle, as it is now, in the caller's transaction. Nobody listening: none.

    Raises DefinitionError for a type that is not published, or a table of which nothing is said.
    """
    if event_type not in EVENT_TYPES or table not in DATA:
        raise DefinitionError(f"no event {event_type!r} of {table!r}")
    await execute(
        f"WITH moved AS (SELECT * FROM {table} WHERE marketplace_id = $1 AND id = $2),"
        f" told AS ({events_of(table, {event_type: 'true'}, at='clock_timestamp()')})"
        " INSERT INTO outbox (marketplace_id, queue, actor, args, request_id)"
        " SELECT marketplace_id, $3, 'webhook.publish', jsonb_build_object('marketplace_id', marketplace_id, 'id', id),"
        " $4 FROM told",
        marketplace_id,
        row_id,
        ACTORS["webhook.publish"],
        request_id.get(),
    )
