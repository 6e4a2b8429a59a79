"""Programs that act for a marketplace."""

from piccolo.columns import JSONB, UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class ApiKey(Table, db=DB):
    """A key, of which only the digest is kept, and `hint`, its first characters, to tell keys apart."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    name = Text()
    hint = Text()
    digest = Bytea()
    scopes = JSONB(default=list)
    created_at = Timestamptz()
    last_used_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
