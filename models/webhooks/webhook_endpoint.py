"""Where a marketplace's events are sent. workflows/machines/webhook_endpoint.py says how one moves."""

from piccolo.columns import JSONB, UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class WebhookEndpoint(LastMove, Table, db=DB):
    """An address of the merchant's own: what it wants to hear of (`event_types` None: everything), and its secrets."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    url = Text()
    description = Text(default="")
    event_types = JSONB(null=True, default=None)
    sealed_secret = Bytea()
    key_id = Text()
    previous_secret = Bytea(null=True, default=None)
    previous_key_id = Text(null=True, default=None)
    previous_until = Timestamptz(null=True, default=None)
    failing_since = Timestamptz(null=True, default=None)
    created_at = Timestamptz()
