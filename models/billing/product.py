"""What a marketplace sells."""

from piccolo.columns import UUID, BigInt, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class Product(Table, db=DB):
    """A product; `amount_minor` of a pay-what-you-want one is its minimum, `payments` belongs to a limited one."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    reference = Text(null=True, default=None)
    name = Text()
    kind = Text()
    currency = Text()
    amount_minor = BigInt()
    interval_unit = Text(null=True, default=None)
    interval_count = Integer(null=True, default=None)
    payments = Integer(null=True, default=None)
    trial_days = Integer()
    initial_amount_minor = BigInt(null=True, default=None)
    created_at = Timestamptz()
    tax_basis_points = Integer(null=True, default=None)
