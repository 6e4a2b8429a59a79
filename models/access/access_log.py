"""Who came to the door: acts done, attempts refused, readings of the log."""

from piccolo.columns import JSONB, UUID, Bytea, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class AccessLog(Table, db=DB):
    """One request, or so many alike (`attempts`). Append-only; forgotten after 13 months."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID(null=True, default=None)
    at = Timestamptz()
    outcome = Text()
    act = Text()
    route = Text()
    reason = Text()
    status = Integer()
    actor_kind = Text(null=True, default=None)
    actor_id = Text(null=True, default=None)
    session_id = UUID(null=True, default=None)
    request_id = Text()
    client = Bytea()
    entity_id = UUID(null=True, default=None)
    attempts = Integer(default=1)
    details = JSONB(default=dict)
