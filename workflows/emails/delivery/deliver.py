"""Delivering a staged e-mail: once, unless it comes too late; what became of it is a move of its own.

`submitted_at` is committed before the provider is called. Found set, it means that an earlier try may have got through:
the provider is asked first.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import Record, execute, fetch_row, fetch_value, transaction
from workflows.emails.delivery.mailer import Mailer, Message, MessageRefused
from workflows.emails.delivery.message import write_message
from workflows.emails.templates.catalogue import CATALOGUE
from workflows.engine.actor import worker
from workflows.engine.fire import Move, fire
from workflows.engine.outbox import finish_current
from workflows.machines import OUTGOING_EMAIL
from workflows.runtime.clock import now
from workflows.runtime.errors import InDoubt, TransitionRefused

_BY = worker("email.deliver")


async def deliver_email(marketplace_id: UUID, email_id: UUID, mailer: Mailer) -> None:
    """Hands a queued e-mail to the provider, or drops it when it is too late or the address is none any more; does
    nothing to one that was decided.

    Raises InDoubt, or the mailer's own error, when it is not known to have been sent: try again later. Must not be
    called inside a transaction.
    """
    email = await _load(marketplace_id, email_id)
    if email is None or email["state"] != "queued":
        return
    if email["submitted_at"] is not None:
        if (found := await mailer.find(email_id)) is not None:
            await _record(email, "deliver", Move(_BY, "found_at_provider"), provider_reference=found)
            return
        if email["submitted_at"] > now() - mailer.doubt_lasts:
            raise InDoubt("too soon to know whether it was taken")
    link = await _link(email)
    if (reason := why_not(email, link, now())) is not None:
        await _record(email, "drop", Move(_BY, reason), drop_reason=reason)
        return
    message = write_message(dict(email), dict(link) if link is not None and _works(link, now()) else None)
    if await _submit(email):
        await _send(email, message, mailer)


async def _send(email: Record, message: Message, mailer: Mailer) -> None:
    try:
        reference = await mailer.send(message)
    except MessageRefused as refusal:
        await _record(email, "bounce", Move(_BY, "refused", {"answer": str(refusal)}), bounce="refused")
        return
    except InDoubt:
        found = await mailer.find(message.id)
        if found is None:
            raise
        reference = found
    except Exception:  # certainly not sent: the next try need not wait
        await execute(
            "UPDATE outgoing_email SET submitted_at = NULL WHERE marketplace_id = $1 AND id = $2 AND state = 'queued'",
            email["marketplace_id"],
            email["id"],
        )
        raise
    await _record(email, "deliver", Move(_BY, "handed_over"), provider_reference=reference)


def why_not(email: Any, link: Any | None, at: datetime) -> str | None:
    """The reason, as a code, for which an e-mail is not worth sending at that instant; None when it is."""
    if email["undeliverable"] is not None and not email["asked_for"]:
        return f"address_{email['undeliverable']}"
    if email["useful_until"] is not None and email["useful_until"] <= at:
        return "too_late"
    if link is not None and not CATALOGUE[email["template"]].product and not _works(link, at):
        return "link_no_longer_works"
    return None


def _works(link: Any, at: datetime) -> bool:
    return link["state"] == "issued" and link["expires_at"] > at


async def _submit(email: Record) -> bool:
    """Says, for good, that the provider is about to be called; False when another worker said so meanwhile."""
    submitted = await fetch_value(
        "UPDATE outgoing_email SET submitted_at = $4 WHERE marketplace_id = $1 AND id = $2 AND state = 'queued'"
        " AND submitted_at IS NOT DISTINCT FROM $3 RETURNING true",
        email["marketplace_id"],
        email["id"],
        email["submitted_at"],
        now(),
    )
    return submitted is not None


async def _record(email: Record, trigger: str, move: Move, **columns: str) -> None:
    try:
        async with transaction():
            await fire(OUTGOING_EMAIL, email["marketplace_id"], email["id"], trigger, move, set_=columns)
            await finish_current()
    except TransitionRefused:
        return  # another worker recorded it first


async def _load(marketplace_id: UUID, email_id: UUID) -> Record | None:
    return await fetch_row(
        "SELECT email.*, marketplace.slug, marketplace.name, marketplace.address, marketplace.support_email,"
        " marketplace.logo_digest, marketplace.accent_color, marketplace.email_button, marketplace.time_zone,"
        " marketplace.country, marketplace.language AS marketplace_language,"
        " customer.locale, (SELECT jsonb_object_agg(own.language, to_jsonb(own)) FROM email_text AS own"
        "  WHERE own.marketplace_id = email.marketplace_id AND own.template = email.template"
        "  AND own.subject IS NOT NULL) AS own_texts,"
        " CASE WHEN lower(customer.email) = lower(email.recipient) THEN customer.undeliverable"
        " WHEN lower(staff.email) = lower(email.recipient) THEN staff.undeliverable END AS undeliverable"
        " FROM outgoing_email AS email JOIN marketplace ON marketplace.id = email.marketplace_id"
        " LEFT JOIN customer ON customer.marketplace_id = email.marketplace_id AND customer.id = email.customer_id"
        " LEFT JOIN staff ON staff.marketplace_id = email.marketplace_id AND staff.id = email.staff_id"
        " WHERE email.marketplace_id = $1 AND email.id = $2",
        marketplace_id,
        email_id,
    )


async def _link(email: Record) -> Record | None:
    if email["access_token_id"] is None:
        return None
    return await fetch_row(
        "SELECT * FROM access_token WHERE marketplace_id = $1 AND id = $2",
        email["marketplace_id"],
        email["access_token_id"],
    )
