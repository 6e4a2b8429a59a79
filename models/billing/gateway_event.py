"""What gateways told us by webhook."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class GatewayEvent(Table, db=DB):
    """An event applied once; a row is written in the transaction of what followed from it."""

    marketplace_id = UUID()
    gateway = Text()
    event_id = Text(primary_key=True)
    type = Text()
    subject = Text(null=True, default=None)
    created_at = Timestamptz()
    received_at = Timestamptz()
