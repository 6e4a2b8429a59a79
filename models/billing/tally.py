"""Counts that are kept, not counted: what the data cards read (workflows/billing/subscriptions/data_cards.py)."""

from piccolo.columns import UUID, BigInt, Boolean, Date, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class Tally(Table, db=DB):
    """A count or a sum of minor units, of one day where it is counted by day. Its key is all but `value`."""

    marketplace_id = UUID(primary_key=True)
    name = Text()
    day = Date()
    currency = Text()
    value = BigInt()


class TallyStep(Table, db=DB):
    """What a move adds to a count; written by the database's triggers, gone once it is added up."""

    marketplace_id = UUID(primary_key=True)
    name = Text()
    day = Date()
    currency = Text()
    step = BigInt()


class TallySum(Table, db=DB):
    """When the steps were last added up: one row."""

    only_one = Boolean(primary_key=True)
    summed_at = Timestamptz()
