"""Cards on file."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class PaymentMethod(Table, db=DB):
    """A card at the gateway: what may be shown of it and the gateway's reference, never its number."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    customer_id = UUID()
    gateway = Text()
    reference = Text()
    fingerprint = Text()
    brand = Text()
    last_four = Text()
    exp_month = Integer()
    exp_year = Integer()
    created_at = Timestamptz()
