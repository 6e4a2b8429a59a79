"""Money given back."""

from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class Refund(Table, db=DB):
    """A refund of part or all of a charge; its id is the gateway's idempotency key. Pending ones count as given."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    charge_id = UUID()
    amount_minor = BigInt()
    status = Text(default="pending")
    requested_by = Text()
    requested_at = Timestamptz()
    settled_at = Timestamptz(null=True, default=None)
