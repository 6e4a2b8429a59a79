"""What a customer ordered."""

from piccolo.columns import UUID, BigInt, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class CustomerOrder(Table, db=DB):
    """One order of one product; an order for a subscription product started a subscription."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    number = BigInt()
    reference = Text(null=True, default=None)
    customer_id = UUID()
    product_id = UUID()
    quantity = Integer(default=1)
    amount_minor = BigInt()
    currency = Text()
    placed_at = Timestamptz()
