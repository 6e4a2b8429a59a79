"""Writes of the merchant's API that may be repeated: one row for each Idempotency-Key in use."""

from piccolo.columns import JSONB, UUID, Bytea, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class IdempotentRequest(Table, db=DB):
    """A request under its key: who claimed it until when, and its answer once there is one. Kept for a day.

    The database's primary key is (marketplace_id, scope); `id` is what the request's own new row is called.
    """

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    scope = Bytea()
    principal = Text()
    route = Text()
    fingerprint = Bytea()
    key_id = Text()
    claim = UUID()
    claimed_until = Timestamptz()
    status = Integer(null=True, default=None)
    headers = JSONB(null=True, default=None)
    body = Bytea(null=True, default=None)
    created_at = Timestamptz()
