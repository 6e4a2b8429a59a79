"""Where our books and the gateway's differ."""

from piccolo.columns import UUID, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class ReconciliationDifference(Table, db=DB):
    """A payment that we and the gateway tell differently, found by the nightly comparison. Never mended by itself."""

    marketplace_id = UUID()
    gateway = Text()
    gateway_reference = Text(primary_key=True)
    kind = Text()
    charge_id = UUID(null=True, default=None)
    ours = Text()
    theirs = Text()
    first_seen_at = Timestamptz()
    last_seen_at = Timestamptz()
