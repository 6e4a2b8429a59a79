"""What the capture mailer kept: e-mails that never left this machine. For development and sandboxes only."""

from datetime import datetime
from uuid import UUID

import msgspec

from models.database import fetch_all, fetch_one
from workflows.runtime.errors import NotFound

_COLUMNS = 'id, recipient AS "to", sender AS "from_", reply_to, subject, html, plain AS text, template, sent_at'
_MOST = 500  # a developer looks at the last few


class CapturedEmail(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An e-mail as /inbox.json tells it."""

    id: UUID
    to: str
    from_: str
    reply_to: str | None
    subject: str
    html: str
    text: str
    template: str
    sent_at: datetime


async def captured_emails() -> list[CapturedEmail]:
    """The last 500, newest first."""
    return await fetch_all(
        CapturedEmail, f"SELECT {_COLUMNS} FROM captured_email ORDER BY sent_at DESC, id DESC LIMIT {_MOST}"
    )


async def captured_email(email_id: UUID) -> CapturedEmail:
    """One of them. Raises NotFound."""
    email = await fetch_one(CapturedEmail, f"SELECT {_COLUMNS} FROM captured_email WHERE id = $1", email_id)
    if email is None:
        raise NotFound("no such e-mail")
    return email
