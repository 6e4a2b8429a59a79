"""From an event to its deliveries: one for each endpoint that wants to hear of it, staged once.

Events of life cycles are written by the engine, in the statement of the move (event_sql.py). What is no life cycle
tells of itself by `tell`, in the transaction of its change.
"""

from uuid import UUID

from models.database import execute, fetch, fetch_row
from workflows.engine.actor import request_id, worker
from workflows.engine.event_sql import DATA, events_of
from workflows.engine.event_types import EVENT_TYPES
from workflows.engine.fire import Move, create
from workflows.engine.job_names import ACTORS
from workflows.machines import WEBHOOK_DELIVERY
from workflows.runtime.errors import DefinitionError

_BY = worker("webhook.publish")


async def tell(event_type: str, marketplace_id: UUID, table: str, row_id: UUID) -> None:
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


async def publish_event(marketplace_id: UUID, event_id: UUID) -> int:
    """Stages the event's delivery to every enabled endpoint that wants its type, unless it was; answers how many.

    In the transaction of its job, so that it happens once.
    """
    event = await fetch_row(
        "SELECT type FROM webhook_event WHERE marketplace_id = $1 AND id = $2", marketplace_id, event_id
    )
    if event is None:
        return 0
    endpoints = await fetch(
        "SELECT id FROM webhook_endpoint AS endpoint WHERE marketplace_id = $1 AND state = 'enabled'"
        " AND (event_types IS NULL OR event_types ? $3) AND NOT EXISTS (SELECT FROM webhook_delivery AS known"
        " WHERE known.marketplace_id = $1 AND known.endpoint_id = endpoint.id AND known.event_id = $2) ORDER BY id",
        marketplace_id,
        event_id,
        event["type"],
    )
    for endpoint in endpoints:
        await stage_delivery(marketplace_id, endpoint["id"], event_id, Move(_BY, "event"))
    return len(endpoints)


async def stage_delivery(marketplace_id: UUID, endpoint_id: UUID, event_id: UUID, move: Move) -> UUID:
    """Stages one delivery, in the caller's transaction; answers with its id."""
    values = {"marketplace_id": marketplace_id, "endpoint_id": endpoint_id, "event_id": event_id}
    delivery = await create(WEBHOOK_DELIVERY, values, move)
    return delivery["id"]
