"""Failed charges being recovered. workflows/machines/dunning_case.py says how a case moves."""

from piccolo.columns import JSONB, UUID, BigInt, Integer, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class DunningCase(LastMove, Table, db=DB):
    """What is owed for one period, and the policy of the moment it failed, pinned. One open case a subscription."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    subscription_id = UUID()
    period = Integer()
    amount_minor = BigInt()
    currency = Text()
    policy = JSONB()
    opened_at = Timestamptz()
    attempts_made = Integer()
    next_attempt_at = Timestamptz(null=True, default=None)
    last_decline_code = Text(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
