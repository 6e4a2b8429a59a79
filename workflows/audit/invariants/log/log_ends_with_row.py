"""The log knows no move that the row does not: none was undone behind it, none written beside it."""

from workflows.audit.invariants.invariant import Invariant, rows
from workflows.machines import MACHINES


def _breaches(table: str) -> str:
    return f"""
    SELECT {table}.marketplace_id, {table}.id AS entity,
        format('its row stands at move %s, the log goes on with move %s, to %s',
               {table}.log_seq, later.seq, later.to_state) AS tells
    {rows(table)}
    CROSS JOIN LATERAL (SELECT seq, to_state FROM transition_log AS later
        WHERE later.marketplace_id = {table}.marketplace_id AND later.machine = '{table}'
        AND later.entity_id = {table}.id AND later.seq > {table}.log_seq ORDER BY seq LIMIT 1) AS later
    """


LOG_ENDS_WITH_ROW = Invariant(
    name="log_ends_with_row",
    says="The last move of a row is the last that the log has of it.",
    tables=tuple(machine.name for machine in MACHINES),
    breaches_of=_breaches,
)
