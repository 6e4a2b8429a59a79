"""E-mails. workflows/machines/outgoing_email.py says how one moves."""

from piccolo.columns import JSONB, UUID, Boolean, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class OutgoingEmail(LastMove, Table, db=DB):
    """One e-mail for one `cause`; `context` is what its template shows and holds no secret."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    customer_id = UUID(null=True, default=None)
    staff_id = UUID(null=True, default=None)
    template = Text()
    cause = Text()
    recipient = Text()
    access_token_id = UUID(null=True, default=None)
    context = JSONB()
    created_at = Timestamptz()
    useful_until = Timestamptz(null=True, default=None)
    submitted_at = Timestamptz(null=True, default=None)
    provider_reference = Text(null=True, default=None)
    drop_reason = Text(null=True, default=None)
    asked_for = Boolean(default=False)
    bounce = Text(null=True, default=None)
    bounce_reason = Text(null=True, default=None)
    told_at = Timestamptz(null=True, default=None)
    language = Text(null=True, default=None)
