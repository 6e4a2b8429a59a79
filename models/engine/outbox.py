"""Work that happens later: the queue of record."""

from piccolo.columns import JSONB, UUID, BigInt, Integer, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class Outbox(Table, db=DB):
    """A job, staged in the transaction of its cause; deleted in the transaction of its effect."""

    id = BigInt(primary_key=True)
    marketplace_id = UUID(null=True, default=None)
    queue = Text()
    actor = Text()
    args = JSONB()
    status = Text(default="waiting")
    wanted_at = Timestamptz()
    due_at = Timestamptz()
    attempts = Integer()
    lease = UUID(null=True, default=None)
    request_id = Text(null=True, default=None)
    last_error = Text(null=True, default=None)
    created_at = Timestamptz()
    told_at = Timestamptz(null=True, default=None)
