"""What an e-mail provider tells us of an e-mail, in Gatehouse's own words, and which of its words counts.

integrations/mailers verifies and translates. Providers repeat themselves and mix the order up, so what is made of all
events of one e-mail must not depend on how they come: a complaint outweighs a hard bounce, that one a refusal to try,
and these all the rest, whenever they happened; of a soft bounce and an arrival the later one counts, at the same
second the bounce. `decide` is pure: state and event in, move out.
"""

from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from workflows.runtime.errors import WorkflowError

Kind = Literal["delivered", "soft", "blocked", "hard", "complaint", "unsubscribed"]
_WORSE_AND_WORSE = ("soft", "blocked", "hard", "complaint")


class MailEventsRefused(WorkflowError):
    """Root of what makes a provider's webhook unbelievable. Nothing of it was kept."""

    code = "mail_events_refused"


class MailEventsUnsigned(MailEventsRefused):
    """Raised when whoever calls does not know the login that the provider was given."""

    code = "mail_events_unsigned"


class MailEventsMalformed(MailEventsRefused):
    """Raised when the body is not what the provider sends."""

    code = "mail_events_malformed"


class MailEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about one e-mail. `digest` is the same for each delivery of the same event; `reason` is a code."""

    digest: bytes
    email_id: UUID
    message_reference: str | None
    kind: Kind
    reason: str | None
    occurred_at: datetime


class MailEventReader(Protocol):
    """Verifies and translates one provider's webhooks."""

    def check(self, authorization: str | None) -> None:
        """Before the body is read. Raises MailEventsUnsigned for who does not know the provider's login."""
        ...

    def read(self, body: bytes) -> list[MailEvent]:
        """The events of a request that may be ours, in its order; what is nothing to us is left out.

        Raises MailEventsMalformed: then none of them counts.
        """
        ...


def decide(email: Any, kind: str, occurred_at: datetime) -> tuple[str, ...]:
    """The triggers to fire on an `outgoing_email` row, in order, for an event about it; none when it is overtaken."""
    if email["state"] == "dropped" or kind == "unsubscribed":
        return ()
    if kind == "delivered":
        return _arrived(email, occurred_at)
    if email["state"] == "delivered" and kind == "soft" and _overtaken(email, occurred_at):
        return ()
    if email["state"] == "bounced" and not _worse(email, kind, occurred_at):
        return ()
    return ("bounce",)


def _arrived(email: Any, at: datetime) -> tuple[str, ...]:
    match email["state"]:
        case "queued":  # taken from us, and nobody wrote it down
            return ("deliver", "confirm")
        case "sent":
            return ("confirm",)
        case "bounced" if email["bounce"] == "soft" and email["told_at"] < at:
            return ("confirm",)
        case _:
            return ()


def _worse(email: Any, kind: str, at: datetime) -> bool:
    if email["bounce"] not in _WORSE_AND_WORSE:
        return True  # the provider refused it, and then had more to say
    rank, known = _WORSE_AND_WORSE.index(kind), _WORSE_AND_WORSE.index(email["bounce"])
    return rank > known or (kind == "soft" == email["bounce"] and email["told_at"] < at)


def _overtaken(email: Any, at: datetime) -> bool:
    return email["told_at"] is not None and email["told_at"] > at
