"""Events on their way to endpoints, and what came back. workflows/machines/webhook_delivery.py says how one moves."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class WebhookDelivery(LastMove, Table, db=DB):
    """One event for one endpoint."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    endpoint_id = UUID()
    event_id = UUID()
    attempts = Integer(default=0)
    tries = Integer(default=0)
    tried_since = Timestamptz(null=True, default=None)
    next_attempt_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz()


class WebhookAttempt(Table, db=DB):
    """One try of one delivery: the status it was answered with, or why no answer came. Kept for a month."""

    marketplace_id = UUID()
    delivery_id = UUID(primary_key=True)
    number = Integer()
    at = Timestamptz()
    duration_ms = Integer()
    status = Integer(null=True, default=None)
    error = Text(null=True, default=None)
    answer = Text(default="")
