"""What gateways told us by webhook."""

from piccolo.columns import JSONB, UUID, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class GatewayEvent(Table, db=DB):
    """An event as it came, once however often it came.

    `payload`: its facts until it is applied, which deletes them in the transaction of what follows from it.
    """

    marketplace_id = UUID()
    gateway = Text()
    event_id = Text(primary_key=True)
    type = Text()
    subject = Text(null=True, default=None)
    created_at = Timestamptz()
    received_at = Timestamptz()
    id = UUID(default=UUID7())
    payload = JSONB(null=True, default=None)
