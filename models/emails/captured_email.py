"""The capture mailer's memory."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class CapturedEmail(Table, db=DB):
    """An e-mail that the stand-in for a provider took, secrets and all: development only."""

    id = UUID(primary_key=True)
    sender = Text()
    recipient = Text()
    reply_to = Text(null=True, default=None)
    subject = Text()
    html = Text()
    plain = Text()
    template = Text()
    sent_at = Timestamptz()
