"""The columns that every table with a state has: the row's last move and the head of its chain.

Set by workflows/engine/fire.py, checked and completed by the triggers of migrations/sql/0002: `moved_at`, `log_hash`.
"""

from piccolo.columns import JSONB, Bytea, Integer, Text, Timestamptz


class LastMove:
    """Mixed into tables whose rows have a life cycle."""

    state = Text()
    moved_trigger = Text()
    moved_by = Text()  # "customer:<id>", see workflows/engine/actor.py
    moved_reason = Text()  # a code
    moved_request = Text(null=True, default=None)
    moved_details = JSONB(null=True, default=None)  # ids and codes
    moved_at = Timestamptz()  # real time, also in a sandbox
    log_seq = Integer(default=1)
    log_hash = Bytea()
