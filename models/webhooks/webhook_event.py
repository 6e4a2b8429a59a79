"""What happened, as the merchant's own systems are told it."""

from piccolo.columns import JSONB, UUID, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class WebhookEvent(Table, db=DB):
    """One event, kept as it was told; its `id` is the receivers' key against doing a thing twice."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    type = Text()
    data = JSONB()
    occurred_at = Timestamptz()
