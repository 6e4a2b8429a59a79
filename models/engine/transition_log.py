"""The book of every life cycle, and the rules that the database holds it to."""

from piccolo.columns import JSONB, UUID, BigInt, Bytea, Integer, Text, Timestamptz
from piccolo.table import Table

from models.database import DB
from models.transaction_id import TransactionId


class MachineRule(Table, db=DB):
    """One move that some state machine allows; `from_state` '' means by INSERT. Published by `gatehouse migrate`."""

    machine = Text(primary_key=True)
    from_state = Text()
    trigger = Text()
    to_state = Text()


class TransitionLog(Table, db=DB):
    """One move of one row, chained to the one before. Written by triggers only; partitioned by month."""

    marketplace_id = UUID()
    machine = Text()
    entity_id = UUID()
    seq = Integer()
    trigger = Text()
    from_state = Text(null=True, default=None)
    to_state = Text()
    actor_kind = Text()
    actor_id = Text()
    reason = Text()
    request_id = Text(null=True, default=None)
    details = JSONB(null=True, default=None)
    at = Timestamptz()
    previous_hash = Bytea(null=True, default=None)
    hash = Bytea(primary_key=True)
    xid = TransactionId()
    system_identifier = BigInt()
