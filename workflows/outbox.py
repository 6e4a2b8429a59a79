"""Work for later, staged in the transaction of the change that causes it. Names and ids only: never a secret."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import execute
from workflows.actor import request_id
from workflows.actors import ACTORS


async def stage(actor: str, marketplace_id: UUID | None, due_at: datetime | None = None, **ids: Any) -> None:
    """Stages `actor` with `ids` as its arguments, to run from `due_at` (real time; now when None).

    Raises KeyError for an actor that workflows/actors.py does not name.
    """
    arguments = {"marketplace_id": marketplace_id, **ids} if marketplace_id is not None else ids
    await execute(
        "INSERT INTO outbox (marketplace_id, queue, actor, args, due_at, request_id)"
        " VALUES ($1, $2, $3, $4, coalesce($5, clock_timestamp()), $6)",
        marketplace_id,
        ACTORS[actor],
        actor,
        arguments,
        due_at,
        request_id.get(),
    )
