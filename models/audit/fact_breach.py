"""Facts that must always hold (workflows/audit/invariants/): when each was checked, and what was found to break it."""

from piccolo.columns import UUID, BigInt, Integer, Real, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB


class FactBreach(Table, db=DB):
    """One breach, from the first check that saw it to the first that did not; `marketplace_id` None: nobody's alone."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID(null=True, default=None)
    fact = Text()
    about = Text()
    entity = Text()
    tells = Text()
    opened_at = Timestamptz()
    seen_at = Timestamptz()
    times = Integer(default=1)
    gone_at = Timestamptz(null=True, default=None)


class FactCheck(Table, db=DB):
    """The last look at one fact: `full_at`, when everything was looked at."""

    fact = Text(primary_key=True)
    checked_at = Timestamptz()
    full_at = Timestamptz(null=True, default=None)
    looked_at = BigInt()
    seconds = Real()
