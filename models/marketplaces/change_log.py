"""What staff and keys changed that is no life cycle: settings, roles, keys."""

from piccolo.columns import JSONB, UUID, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class ChangeLog(Table, db=DB):
    """One change, with the fields that it changed as they were and as they are. Append-only."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    at = Timestamptz()
    actor_kind = Text()
    actor_id = Text()
    request_id = Text(null=True, default=None)
    subject = Text()
    act = Text()
    before = JSONB(default=dict)
    after = JSONB(default=dict)
