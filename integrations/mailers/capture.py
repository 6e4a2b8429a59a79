"""The inbox that stands in for a provider, in development and for sandboxes: it keeps what it is given, and shows it.

It is the one place where a link's text is stored, as a real mailbox would (PRODUCT.md 5.5).
"""

from datetime import timedelta
from uuid import UUID

from models.database import execute, fetch_value
from workflows.emails.delivery.mailer import Message


class CaptureMailer:
    """Keeps messages in `captured_email`; the same id twice is one message, as with a provider that knows ids."""

    doubt_lasts = timedelta(seconds=10)  # two workers with the same e-mail: the second waits for the first's record

    def __init__(self, mail_from: str) -> None:
        self._mail_from = mail_from

    async def send(self, message: Message) -> str:
        """Keeps the message; answers with its own id as the reference."""
        await execute(
            "INSERT INTO captured_email (id, sender, recipient, reply_to, subject, html, plain, template)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
            message.id,
            f"{message.sender_name} <{self._mail_from}>",
            message.recipient,
            message.reply_to,
            message.subject,
            message.html,
            message.text,
            message.template,
        )
        return str(message.id)

    async def find(self, message_id: UUID) -> str | None:
        """The message's id when it is in the inbox, else None."""
        found = await fetch_value("SELECT id FROM captured_email WHERE id = $1", message_id)
        return None if found is None else str(found)
