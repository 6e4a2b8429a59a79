"""Sending one event to one endpoint, and writing down what came of it.

At least once: the request goes out first, and its answer is recorded in a second transaction. A crash in between sends
it again, with the same `webhook-id`. A failure is no failed job: the next try is staged where this one is recorded.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import Record, execute, fetch_row, fetch_value, transaction
from workflows.engine.actor import worker
from workflows.engine.fire import Move, fire
from workflows.engine.outbox import finish_current, stage
from workflows.machines import WEBHOOK_DELIVERY
from workflows.runtime.clock import now
from workflows.runtime.encryption import Encrypted
from workflows.webhooks.failing_endpoints import end_endpoint, note_failure, note_success
from workflows.webhooks.fairness import turn, wait_for_turn
from workflows.webhooks.messages import body_of, headers_of
from workflows.webhooks.retries import pause_after
from workflows.webhooks.secrets import decrypt_secret
from workflows.webhooks.sender import WebhookAnswer, WebhookSender

BY = worker("webhook.deliver")
_COUNTED = 1_000  # of a line

_DELIVERY = """
SELECT delivery.*, event.type, event.occurred_at, event.data, endpoint.url, endpoint.state AS endpoint_state,
       endpoint.sealed_secret, endpoint.key_id, endpoint.previous_secret, endpoint.previous_key_id,
       endpoint.previous_until
FROM webhook_delivery AS delivery
JOIN webhook_event AS event ON event.marketplace_id = delivery.marketplace_id AND event.id = delivery.event_id
JOIN webhook_endpoint AS endpoint
    ON endpoint.marketplace_id = delivery.marketplace_id AND endpoint.id = delivery.endpoint_id
WHERE delivery.marketplace_id = $1 AND delivery.id = $2 AND delivery.state = 'pending'
  AND (delivery.next_attempt_at IS NULL OR delivery.next_attempt_at <= clock_timestamp())
"""  # by the clock that staged it; before its time another job is staged for it


async def deliver_webhook(marketplace_id: UUID, delivery_id: UUID, sender: WebhookSender) -> None:
    """Tries a pending delivery once, if it is due; its outcome, good or bad, is recorded and not raised.

    Raises keys.UnknownKey when the endpoint's secret cannot be opened. Must not be called inside a transaction.
    """
    delivery = await fetch_row(_DELIVERY, marketplace_id, delivery_id)
    if delivery is None:
        return
    if delivery["endpoint_state"] != "enabled":
        await _give_up(delivery, f"endpoint_{delivery['endpoint_state']}")
        return
    with turn(marketplace_id) as ours:
        if not ours:
            await _wait(delivery)
            return
        at = now()
        body = body_of(delivery["type"], delivery["occurred_at"], delivery["data"])
        headers = headers_of(delivery["event_id"], at, body, _secrets(delivery, at))
        answer = await sender.post(delivery["url"], headers, body)
    await _record(delivery, at, answer)


def _secrets(delivery: Record, at: datetime) -> list[bytes]:
    """The secrets to sign with: the endpoint's own, and the one before it while a rotation lasts."""
    encrypted = [Encrypted(delivery["sealed_secret"], delivery["key_id"])]
    if delivery["previous_until"] is not None and delivery["previous_until"] > at:
        encrypted.append(Encrypted(delivery["previous_secret"], delivery["previous_key_id"]))
    return [decrypt_secret(delivery["marketplace_id"], each) for each in encrypted]


async def _wait(delivery: Record) -> None:
    waiting = await fetch_value(
        "SELECT count(*) FROM (SELECT FROM webhook_delivery WHERE marketplace_id = $1 AND state = 'pending' LIMIT $2)",
        delivery["marketplace_id"],
        _COUNTED,
    )
    async with transaction():
        await _stage_again(delivery, now() + wait_for_turn(delivery["marketplace_id"], waiting))
        await finish_current()


async def _give_up(delivery: Record, because: str) -> None:
    async with transaction():
        if await _locked(delivery) is not None:
            await _end(delivery, "give_up", Move(BY, because))
        await finish_current()


async def _record(delivery: Record, at: datetime, answer: WebhookAnswer) -> None:
    """In this order of locks: endpoint, delivery."""
    delivered = answer.status is not None and 200 <= answer.status < 300
    async with transaction():
        if delivered:
            await note_success(delivery["marketplace_id"], delivery["endpoint_id"])
        else:
            await note_failure(delivery["marketplace_id"], delivery["endpoint_id"], at)
        current = await _locked(delivery)
        await _note_attempt(delivery, at, answer)
        if current is not None and delivered:
            await _end(delivery, "deliver", Move(BY, "accepted", {"status": answer.status}))
        elif current is not None and current["attempts"] == delivery["attempts"]:
            await _go_on(current, at, answer)
        # else: another run of it ended first, and has staged what follows
        await finish_current()


async def _locked(delivery: Record) -> Record | None:
    """The delivery as it is now; None when it is no longer pending."""
    return await fetch_row(
        "SELECT * FROM webhook_delivery WHERE marketplace_id = $1 AND id = $2 AND state = 'pending' FOR UPDATE",
        *_key(delivery),
    )


async def _note_attempt(delivery: Record, at: datetime, answer: WebhookAnswer) -> None:
    await execute(
        "WITH counted AS (UPDATE webhook_delivery SET attempts = attempts + 1, tries = tries + 1,"
        " tried_since = coalesce(tried_since, $3) WHERE marketplace_id = $1 AND id = $2 RETURNING attempts)"
        " INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status, error, answer)"
        " SELECT $1, $2, attempts, $3, $4, $5, $6, $7 FROM counted",
        *_key(delivery),
        at,
        answer.duration_ms,
        answer.status,
        answer.error,
        answer.text,
    )


async def _go_on(delivery: Record, at: datetime, answer: WebhookAnswer) -> None:
    """After a try that failed: again later, or never. `delivery` is as it was before the try was counted."""
    facts = {"status": answer.status, "error": answer.error}
    if answer.status == 410:
        await _end(delivery, "give_up", Move(BY, "gone", facts))
        await end_endpoint(delivery["marketplace_id"], delivery["endpoint_id"], "gone", Move(BY, "answered_410"))
        return
    pause = pause_after(delivery["tries"] + 1, answer.retry_after)
    if pause is None:
        await _end(delivery, "give_up", Move(BY, "exhausted", facts))
        since = delivery["tried_since"] or at
        await end_endpoint(delivery["marketplace_id"], delivery["endpoint_id"], "give_up", Move(BY, "silent"), since)
        return
    next_attempt_at = await fetch_value(
        "UPDATE webhook_delivery SET next_attempt_at = clock_timestamp() + $3 WHERE marketplace_id = $1 AND id = $2"
        " RETURNING next_attempt_at",
        *_key(delivery),
        pause,
    )
    await _stage_again(delivery, next_attempt_at)


async def _end(delivery: Record, trigger: str, move: Move) -> None:
    await fire(WEBHOOK_DELIVERY, *_key(delivery), trigger, move, set_={"next_attempt_at": None})


async def _stage_again(delivery: Record, due_at: datetime) -> None:
    await stage("webhook.deliver", delivery["marketplace_id"], due_at, id=delivery["id"])


def _key(delivery: Any) -> tuple[UUID, UUID]:
    return delivery["marketplace_id"], delivery["id"]
