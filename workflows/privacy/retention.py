"""What is kept for a while and then forgotten: traces of work that is done, which are no record of the auditor's.

Nothing goes that is undelivered, unhandled or queued. Batches, each a transaction of its own, with a cursor on the
time (sweep.py says why); at most `_BATCHES` of a kind in a run, so that a backlog of years holds up nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from models.database import fetch_row
from workflows.billing.gateway_events.events import GATEWAY_EVENTS_KEPT_FOR
from workflows.runtime.clock import now
from workflows.webhooks.housekeeping import WEBHOOKS_KEPT_FOR

_AT_ONCE = 5_000
_BATCHES = 100
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

# An erasure waits for a dispute's end while its payment is younger than a year (erasure.py).
_DISPUTE_ENDS_KEPT_FOR = timedelta(days=400)
MAIL_EVENTS_KEPT_FOR = timedelta(days=90)  # Mailjet sends again for a day
EMAIL_FACTS_KEPT_FOR = timedelta(days=90)  # what it said: names, amounts, cards. That it was sent stays
CAPTURED_KEPT_FOR = timedelta(days=30)  # whole e-mails with links in them, for who develops or tries something out

# $1: from where on, $2: what is older goes, $3: how many at once. Each answers with how many went, and the last's time.
# Events are locked by being deleted: nobody may change them, and what would publish one is looked for beside it.
_DELIVERIES = """
WITH old AS (
    SELECT event.occurred_at AS at, delivery.marketplace_id, delivery.id
    FROM webhook_event AS event JOIN webhook_delivery AS delivery
        ON delivery.marketplace_id = event.marketplace_id AND delivery.event_id = event.id
    WHERE event.occurred_at >= $1 AND event.occurred_at < $2 AND delivery.state = 'delivered' AND delivery.moved_at < $2
    ORDER BY event.occurred_at LIMIT $3 FOR UPDATE OF delivery SKIP LOCKED
), tries AS (
    DELETE FROM webhook_attempt USING old
    WHERE webhook_attempt.marketplace_id = old.marketplace_id AND webhook_attempt.delivery_id = old.id
), gone AS (
    DELETE FROM webhook_delivery USING old
    WHERE webhook_delivery.marketplace_id = old.marketplace_id AND webhook_delivery.id = old.id RETURNING old.at
)
SELECT count(*) AS went, max(at) AS last FROM gone
"""
_EVENTS = """
WITH old AS (
    SELECT occurred_at AS at, marketplace_id, id FROM webhook_event AS event
    WHERE occurred_at >= $1 AND occurred_at < $2
      AND NOT EXISTS (SELECT FROM webhook_delivery WHERE webhook_delivery.marketplace_id = event.marketplace_id
                      AND webhook_delivery.event_id = event.id)
      AND event.id::text NOT IN (SELECT coalesce(args ->> 'id', '') FROM outbox WHERE actor = 'webhook.publish')
    ORDER BY occurred_at LIMIT $3
), gone AS (
    DELETE FROM webhook_event USING old
    WHERE webhook_event.marketplace_id = old.marketplace_id AND webhook_event.id = old.id RETURNING old.at
)
SELECT count(*) AS went, max(at) AS last FROM gone
"""
_GATEWAY_EVENTS = f"""
WITH old AS (
    SELECT received_at AS at, marketplace_id, gateway, event_id FROM gateway_event
    WHERE received_at >= $1 AND received_at < $2 AND created_at < $2 AND payload IS NULL
      AND (type NOT IN ('DisputeWon', 'DisputeLost')
           OR received_at < $2 - interval '{(_DISPUTE_ENDS_KEPT_FOR - GATEWAY_EVENTS_KEPT_FOR).days} days')
    ORDER BY received_at LIMIT $3
), gone AS (
    DELETE FROM gateway_event USING old WHERE gateway_event.marketplace_id = old.marketplace_id
    AND gateway_event.gateway = old.gateway AND gateway_event.event_id = old.event_id RETURNING old.at
)
SELECT count(*) AS went, max(at) AS last FROM gone
"""
_MAIL_EVENTS = """
WITH old AS (
    SELECT received_at AS at, id FROM mail_event
    WHERE received_at >= $1 AND received_at < $2 AND applied_at IS NOT NULL
    ORDER BY received_at LIMIT $3 FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM mail_event USING old WHERE mail_event.id = old.id RETURNING old.at)
SELECT count(*) AS went, max(at) AS last FROM gone
"""
_EMAIL_FACTS = """
WITH old AS (
    SELECT moved_at AS at, marketplace_id, id FROM outgoing_email
    WHERE state <> 'queued' AND context <> '{}' AND moved_at >= $1 AND moved_at < $2
    ORDER BY moved_at LIMIT $3 FOR UPDATE SKIP LOCKED
), gone AS (
    UPDATE outgoing_email SET context = '{}' FROM old
    WHERE outgoing_email.marketplace_id = old.marketplace_id AND outgoing_email.id = old.id RETURNING old.at
)
SELECT count(*) AS went, max(at) AS last FROM gone
"""
_CAPTURED = """
WITH old AS (
    SELECT sent_at AS at, id FROM captured_email WHERE sent_at >= $1 AND sent_at < $2
    ORDER BY sent_at LIMIT $3 FOR UPDATE SKIP LOCKED
), gone AS (DELETE FROM captured_email USING old WHERE captured_email.id = old.id RETURNING old.at)
SELECT count(*) AS went, max(at) AS last FROM gone
"""

# In this order: an event goes once its deliveries have.
# fmt: off
_FORGOTTEN: Mapping[str, tuple[timedelta, str]] = {
    "webhook_delivery": (WEBHOOKS_KEPT_FOR,       _DELIVERIES),
    "webhook_event":    (WEBHOOKS_KEPT_FOR,       _EVENTS),
    "gateway_event":    (GATEWAY_EVENTS_KEPT_FOR, _GATEWAY_EVENTS),
    "mail_event":       (MAIL_EVENTS_KEPT_FOR,    _MAIL_EVENTS),
    "outgoing_email":   (EMAIL_FACTS_KEPT_FOR,    _EMAIL_FACTS),
    "captured_email":   (CAPTURED_KEPT_FOR,       _CAPTURED),
}
# fmt: on


async def purge_finished(at_once: int = _AT_ONCE, batches: int = _BATCHES) -> dict[str, int]:
    """Forgets what is older than its period, `at_once` rows a batch; answers how many rows of each table.

    Safe to run many at once. Must not be called inside a transaction.
    """
    return {
        table: await _purge(sql, now() - kept_for, at_once, batches) for table, (kept_for, sql) in _FORGOTTEN.items()
    }


async def _purge(sql: str, older_than: datetime, at_once: int, batches: int) -> int:
    forgotten, cursor = 0, _BEGINNING
    for _ in range(batches):
        batch: Any = await fetch_row(sql, cursor, older_than, at_once)
        forgotten += batch["went"]
        if batch["went"] < at_once:
            break
        cursor = batch["last"]
    return forgotten
