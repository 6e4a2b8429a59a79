"""What e-mail providers told us by webhook."""

from piccolo.columns import UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class MailEvent(Table, db=DB):
    """An event as it came, once however often it came; `applied_at` says when it was acted on."""

    id = UUID(primary_key=True, default=UUID7())
    provider = Text()
    digest = Bytea()
    outgoing_email_id = UUID()
    message_reference = Text(null=True, default=None)
    kind = Text()
    reason = Text(null=True, default=None)
    occurred_at = Timestamptz()
    received_at = Timestamptz()
    applied_at = Timestamptz(null=True, default=None)
