"""Months of the log that are no longer here: exported, sealed and dropped (workflows/audit/)."""

from piccolo.columns import BigInt, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class RetiredLog(Table, db=DB):
    """One partition that was dropped; its rows are in the export of that month."""

    partition = Text(primary_key=True)
    from_at = Timestamptz()
    to_at = Timestamptz()
    rows = BigInt()
    dropped_at = Timestamptz()
