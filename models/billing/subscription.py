"""What is charged again and again. workflows/machines/subscription.py says how it moves."""

from piccolo.columns import UUID, BigInt, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class Subscription(LastMove, Table, db=DB):
    """A subscription; `next_period` is the next to be charged, `anchor_period` the one that is due at `anchor_at`."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    number = BigInt()
    reference = Text(null=True, default=None)
    customer_id = UUID()
    product_id = UUID()
    order_id = UUID()
    payment_method_id = UUID(null=True, default=None)
    amount_minor = BigInt()
    currency = Text()
    interval_unit = Text()
    interval_count = Integer()
    payments_total = Integer(null=True, default=None)
    payments_made = Integer()
    started_at = Timestamptz()
    trial_ends_at = Timestamptz(null=True, default=None)
    anchor_at = Timestamptz()
    anchor_period = Integer(default=0)
    next_period = Integer()
    next_charge_at = Timestamptz(null=True, default=None)
    cancel_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
