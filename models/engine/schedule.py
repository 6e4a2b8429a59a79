"""Work that happens again and again."""

from piccolo.columns import Interval, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class Schedule(Table, db=DB):
    """A recurring job and when it runs next."""

    name = Text(primary_key=True)
    actor = Text()
    queue = Text()
    every = Interval()
    next_run_at = Timestamptz()


class Heartbeat(Table, db=DB):
    """A process, and when it last said that it is alive."""

    process = Text(primary_key=True)
    kind = Text()
    at = Timestamptz()
