"""Acting on what a provider told us: kept first, acted on by a job, once each and in whatever order it comes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from models.database import Record, fetch_row, fetch_value
from workflows.emails.delivery.events import MailEvent, decide
from workflows.emails.delivery.suppression import mark_undeliverable
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.engine.job_names import ACTORS
from workflows.machines import OUTGOING_EMAIL
from workflows.runtime.clock import now
from workflows.runtime.logs import logger
from workflows.runtime.request import request_id

_ACTOR = "mail_event.apply"
_LOG = logger(__name__)
_KEEP = """
WITH kept AS (
    INSERT INTO mail_event (provider, digest, outgoing_email_id, message_reference, kind, reason, occurred_at)
    SELECT $1, * FROM unnest($2::bytea[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
    ON CONFLICT (provider, digest) DO NOTHING RETURNING id
), staged AS (
    INSERT INTO outbox (queue, actor, args, request_id)
    SELECT $8, $9, jsonb_build_object('id', id), $10 FROM kept RETURNING 1
)
SELECT count(*) FROM staged
"""
# fmt: off
_BECAUSE: Mapping[str, str] = {
    "delivered": "arrived",
    "soft":      "soft_bounce",
    "blocked":   "blocked",
    "hard":      "hard_bounce",
    "complaint": "complaint",
}
# fmt: on


async def keep_events(provider: str, events: list[MailEvent]) -> int:
    """Keeps what was not told before and stages the work on each, in one statement; answers how many were new."""
    if not events:
        return 0
    columns: list[list[Any]] = [
        [getattr(event, name) for event in events]
        for name in ("digest", "email_id", "message_reference", "kind", "reason", "occurred_at")
    ]
    return await fetch_value(_KEEP, provider, *columns, ACTORS[_ACTOR], _ACTOR, request_id.get())


async def apply_mail_event(event_id: UUID) -> None:
    """Moves the e-mail that an event is about, and stops mail to where it did not arrive for good. In the transaction
    of its job; does nothing the second time."""
    event = await fetch_row(
        "UPDATE mail_event SET applied_at = $2 WHERE id = $1 AND applied_at IS NULL RETURNING *", event_id, now()
    )
    if event is None:
        return
    # By its id alone: the provider knows no marketplaces. Everything after this names the e-mail's.
    email = await fetch_row("SELECT * FROM outgoing_email WHERE id = $1 FOR UPDATE", event["outgoing_email_id"])
    if email is None:
        _LOG.info("mail event about no e-mail of ours", provider=event["provider"], kind=event["kind"])
        return
    await mark_undeliverable(email, event["kind"], event["reason"], event["occurred_at"])
    for trigger in decide(email, event["kind"], event["occurred_at"]):
        await _move(email, event, trigger)


async def _move(email: Record, event: Record, trigger: str) -> None:
    facts: dict[str, Any] = {"told_at": event["occurred_at"]}
    if email["provider_reference"] is None and event["message_reference"] is not None:
        facts["provider_reference"] = event["message_reference"]
    if trigger != "deliver":
        bounced = trigger == "bounce"
        facts |= {"bounce": event["kind"] if bounced else None, "bounce_reason": event["reason"] if bounced else None}
    details = None if event["reason"] is None else {"reason": event["reason"]}
    by = Actor("mailer", event["provider"])
    because = "told_by_provider" if trigger == "deliver" else _BECAUSE[event["kind"]]
    move = Move(by, because, details)
    await fire(OUTGOING_EMAIL, email["marketplace_id"], email["id"], trigger, move, set_=facts)
