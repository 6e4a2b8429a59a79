"""From an event to its deliveries: one for each endpoint that wants to hear of it, staged once.

Events of life cycles are written by the engine, in the statement of the move (event_sql.py). What is no life cycle
tells of itself by `tell`, in the transaction of its change.
"""

from uuid import UUID

from models.database import fetch, fetch_row
from workflows.engine.actor import worker
from workflows.engine.fire import Move, create
from workflows.machines import WEBHOOK_DELIVERY

_BY = worker("webhook.publish")


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
