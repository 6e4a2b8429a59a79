"""The log of deliveries: what was sent where, what came back, and sending it again."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from models.database import fetch, fetch_all, fetch_row, fetch_value, transaction
from workflows.engine.actor import Actor
from workflows.engine.event_types import TEST
from workflows.engine.fire import Move, fire
from workflows.machines import WEBHOOK_DELIVERY
from workflows.runtime.errors import InvalidInput, NotFound, TransitionRefused
from workflows.webhooks.endpoints import get_endpoint
from workflows.webhooks.messages import body_of, message_id
from workflows.webhooks.publish import stage_delivery

PAGE_SIZE = 50
State = Literal["pending", "delivered", "failed"]
STATES: tuple[State, ...] = get_args(State)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try. `status` None: no answer came, and `error` says why. `answer` is its first kilobyte."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint. `event` is the `webhook-id`; `because` a code for its state; `last_…` of the last
    try, where it is not forgotten; `next_attempt_at` None while pending: at once."""

    id: UUID
    endpoint: UUID
    event: str
    type: str
    state: State
    because: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. Send `after` back for what is older; None: there is nothing."""

    deliveries: list[Delivery]
    after: str | None


class DeliveryInFull(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery, the body that is sent, and what became of each try of the last month."""

    delivery: Delivery
    body: str
    tries: list[Attempt]


_DELIVERIES = """
SELECT delivery.id, delivery.endpoint_id AS endpoint, delivery.event_id, event.type, delivery.state,
       delivery.moved_reason AS because, delivery.attempts, delivery.created_at, delivery.next_attempt_at,
       last.at AS last_attempt_at, last.status AS last_status, last.error AS last_error
FROM webhook_delivery AS delivery
JOIN webhook_event AS event ON event.marketplace_id = delivery.marketplace_id AND event.id = delivery.event_id
LEFT JOIN webhook_attempt AS last ON last.marketplace_id = delivery.marketplace_id AND last.delivery_id = delivery.id
    AND last.number = delivery.attempts
WHERE delivery.marketplace_id = $1
"""


async def list_deliveries(
    marketplace_id: UUID,
    endpoint_id: UUID | None = None,
    state: State | None = None,
    after: str | None = None,
    page_size: int = PAGE_SIZE,
) -> DeliveryPage:
    """A page of the log. Raises NotFound for an endpoint that is not there, InvalidInput for a broken `after`."""
    if endpoint_id is not None:
        await get_endpoint(marketplace_id, endpoint_id)
    wanted = {"delivery.endpoint_id = ": endpoint_id, "delivery.state = ": state, "delivery.id < ": _position(after)}
    conditions = {words: value for words, value in wanted.items() if value is not None}
    where = "".join(f" AND {words}${place}" for place, words in enumerate(conditions, start=3))
    rows = await fetch(
        f"{_DELIVERIES}{where} ORDER BY delivery.id DESC LIMIT $2", marketplace_id, page_size + 1, *conditions.values()
    )
    page = [_shown(row) for row in rows[:page_size]]
    return DeliveryPage(deliveries=page, after=str(page[-1].id) if len(rows) > page_size else None)


async def get_delivery(marketplace_id: UUID, delivery_id: UUID) -> DeliveryInFull:
    """One delivery with everything. Raises NotFound."""
    delivery = await _find(marketplace_id, delivery_id)
    event = await fetch_row(
        "SELECT event.type, occurred_at, data FROM webhook_event AS event JOIN webhook_delivery AS delivery"
        " ON delivery.marketplace_id = event.marketplace_id AND delivery.event_id = event.id"
        " WHERE event.marketplace_id = $1 AND delivery.id = $2",
        marketplace_id,
        delivery_id,
    )
    assert event is not None, "a foreign key holds it"
    tries = await fetch_all(
        Attempt,
        "SELECT number, at, duration_ms, status, error, answer FROM webhook_attempt"
        " WHERE marketplace_id = $1 AND delivery_id = $2 ORDER BY number DESC",
        marketplace_id,
        delivery_id,
    )
    return DeliveryInFull(delivery=delivery, body=body_of(*event).decode(), tries=tries)


async def resend(marketplace_id: UUID, delivery_id: UUID, by: Actor) -> Delivery:
    """Sends it again, now, whatever came of it before, and tries for three days more. The same `webhook-id`.

    Raises NotFound, TransitionRefused where its endpoint is not enabled.
    """
    async with transaction():
        delivery = await _find(marketplace_id, delivery_id)
        await _refuse_unless_enabled(marketplace_id, delivery.endpoint)
        anew = {"tries": 0, "tried_since": None, "next_attempt_at": None}
        await fire(WEBHOOK_DELIVERY, marketplace_id, delivery_id, "resend", Move(by, "asked"), set_=anew)
    return await _find(marketplace_id, delivery_id)


async def send_test(marketplace_id: UUID, endpoint_id: UUID, by: Actor) -> Delivery:
    """Sends a test event to an endpoint, whatever types it chose. Raises NotFound, TransitionRefused unless enabled."""
    await get_endpoint(marketplace_id, endpoint_id)
    async with transaction():
        await _refuse_unless_enabled(marketplace_id, endpoint_id)
        event_id = await fetch_value(
            "INSERT INTO webhook_event (marketplace_id, type, data, occurred_at)"
            " VALUES ($1, $2, $3, clock_timestamp()) RETURNING id",
            marketplace_id,
            TEST,
            {"endpoint": endpoint_id},
        )
        delivery_id = await stage_delivery(marketplace_id, endpoint_id, event_id, Move(by, "test"))
    return await _find(marketplace_id, delivery_id)


async def _refuse_unless_enabled(marketplace_id: UUID, endpoint_id: UUID) -> None:
    state = await fetch_value(
        "SELECT state FROM webhook_endpoint WHERE marketplace_id = $1 AND id = $2 FOR SHARE",
        marketplace_id,
        endpoint_id,
    )
    if state != "enabled":
        raise TransitionRefused("webhook_endpoint", endpoint_id, "resend", state, "not_enabled")


async def _find(marketplace_id: UUID, delivery_id: UUID) -> Delivery:
    row = await fetch_row(f"{_DELIVERIES} AND delivery.id = $2", marketplace_id, delivery_id)
    if row is None:
        raise NotFound(f"no delivery {delivery_id}")
    return _shown(row)


def _shown(row: Any) -> Delivery:
    facts = dict(row)
    return Delivery(event=message_id(facts.pop("event_id")), **facts)


def _position(after: str | None) -> UUID | None:
    try:
        return None if after is None else UUID(after)
    except ValueError:
        raise InvalidInput({"after": "This page link is broken: start again from the first page."}) from None
