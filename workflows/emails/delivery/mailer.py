"""What e-mail delivery asks of a provider. integrations/mailers/ has the implementations."""

from datetime import timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from workflows.runtime.errors import WorkflowError


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail ready to leave. `id` is what the provider is told to know it by, the same at every try."""

    id: UUID
    sender_name: str
    recipient: str
    reply_to: str | None
    subject: str
    html: str
    text: str
    template: str
    unsubscribe_url: str | None = None  # for List-Unsubscribe: where its reader chooses to have no more


class MessageRefused(WorkflowError):
    """Raised when a provider will never take this message (no such mailbox, malformed address)."""

    code = "message_refused"


class Mailer(Protocol):
    """An e-mail provider."""

    @property
    def doubt_lasts(self) -> timedelta:
        """For how long after a try began `find`'s None means nothing: the longest that a try can take, and how much
        later the provider knows what it has."""
        ...

    async def send(self, message: Message) -> str:
        """Hands a message over; answers with the provider's reference. Raises MessageRefused, InDoubt."""
        ...

    async def find(self, message_id: UUID) -> str | None:
        """The provider's reference of a message that it has, None when it has not or cannot tell. Raises InDoubt."""
        ...
