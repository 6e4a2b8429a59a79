"""Attempts to take money. workflows/machines/charge.py says how a charge moves."""

from piccolo.columns import UUID, BigInt, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class Charge(LastMove, Table, db=DB):
    """One attempt, known to the gateway by `idempotency_key`. `payment_status` is computed: NULL is no payment."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    reference = Text(null=True, default=None)
    customer_id = UUID()
    order_id = UUID()
    order_number = BigInt()
    subscription_id = UUID(null=True, default=None)
    period = Integer(null=True, default=None)
    dunning_case_id = UUID(null=True, default=None)
    payment_method_id = UUID(null=True, default=None)
    initiator = Text(default="schedule")
    amount_minor = BigInt()
    refunded_minor = BigInt()
    currency = Text()
    gateway = Text()
    idempotency_key = Text()
    gateway_reference = Text(null=True, default=None)
    decline_code = Text(null=True, default=None)
    attempted_at = Timestamptz()
    submitted_at = Timestamptz(null=True, default=None)
    paid_at = Timestamptz(null=True, default=None)
    payment_status = Text(null=True, default=None)
    card_fingerprint = Text(null=True, default=None)
