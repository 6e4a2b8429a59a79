"""Invoices and credit notes. workflows/machines/invoice.py says how one moves."""

from piccolo.columns import JSONB, UUID, BigInt, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class Invoice(LastMove, Table, db=DB):
    """An immutable snapshot taken when money moved; `sequence` NULL: imported, with the merchant's own number.

    `credits_id` is the invoice that a credit note takes back.
    """

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    customer_id = UUID()
    charge_id = UUID()
    kind = Text(default="invoice")
    number = Text()
    sequence = BigInt(null=True, default=None)
    snapshot = JSONB()
    issued_at = Timestamptz()
    credits_id = UUID(null=True, default=None)
