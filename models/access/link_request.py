"""What people typed on login pages."""

from piccolo.columns import UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class LinkRequest(Table, db=DB):
    """An address as typed, or the earlier link that stands for it; gone once a worker found out whose it is."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    email = Text(null=True, default=None)
    access_token_id = UUID(null=True, default=None)
    browser_digest = Bytea()
    return_to = Text(null=True, default=None)
    request_id = Text(null=True, default=None)
    created_at = Timestamptz()
    purpose = Text(default="portal")
