"""Signed-in people. workflows/machines/portal_session.py says how a session moves."""

from piccolo.columns import UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class PortalSession(LastMove, Table, db=DB):
    """A session, found by the SHA-256 of its cookie's token; one link makes one."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    customer_id = UUID(null=True, default=None)
    staff_id = UUID(null=True, default=None)
    access_token_id = UUID()
    digest = Bytea()
    user_agent = Text()
    started_at = Timestamptz()
    expires_at = Timestamptz()
