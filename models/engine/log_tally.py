"""How often each rule moved something: counts that are kept, so that a review reads days, not rows."""

from piccolo.columns import UUID, BigInt, Date, Text, Timestamptz
from piccolo.table import Table

from models.database import DB
from models.transaction_id import TransactionId


class LogDay(Table, db=DB):
    """The moves of one day (UTC) by one rule and one kind of actor. Its key is all but `moves`."""

    marketplace_id = UUID(primary_key=True)
    day = Date()
    machine = Text()
    trigger = Text()
    from_state = Text()
    to_state = Text()
    actor_kind = Text()
    moves = BigInt()


class LogTotal(Table, db=DB):
    """The same, of all days."""

    marketplace_id = UUID(primary_key=True)
    machine = Text()
    trigger = Text()
    from_state = Text()
    to_state = Text()
    actor_kind = Text()
    moves = BigInt()


class LogCounted(Table, db=DB):
    """How far the counting has come, for each cluster whose rows the log holds."""

    system_identifier = BigInt(primary_key=True)
    below = TransactionId()
    since = Timestamptz()
    seen_xid = TransactionId()
    seen_at = Timestamptz()
    counted_at = Timestamptz()
