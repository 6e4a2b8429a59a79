"""PRODUCT.md 6.6: the state column is what the last row of the log says, and the head of the chain is its hash."""

from workflows.audit.invariants.invariant import LOOKED_AT, Invariant, same
from workflows.machines import MACHINES
from workflows.webhooks.housekeeping import WEBHOOKS_KEPT_FOR

# Of deliveries, those that arrived are forgotten after a while, and only those.
_FORGOTTEN = f"""
AND NOT EXISTS (SELECT FROM (SELECT to_state, at FROM transition_log AS moved
    WHERE moved.marketplace_id = looked_at.marketplace_id AND moved.machine = 'webhook_delivery'
    AND moved.entity_id = looked_at.id ORDER BY seq DESC LIMIT 1) AS end_of_chain
    WHERE to_state = 'delivered' AND at < now() - interval '{WEBHOOKS_KEPT_FOR.days} days')
"""


def _breaches(table: str) -> str:
    """What moved before the months that are kept is in their exports."""
    return f"""
    SELECT looked_at.marketplace_id, looked_at.id AS entity, CASE
        WHEN held.id IS NULL THEN 'it is in the log and not in its table'
        WHEN logged.seq IS NULL THEN format('move %s, to %s, is not in the log', held.log_seq, held.state)
        WHEN logged.to_state <> held.state THEN format('its row says %s, the log %s', held.state, logged.to_state)
        ELSE format('the hash of move %s is another one in the log', held.log_seq) END AS tells
    FROM {LOOKED_AT} LEFT JOIN {table} AS held ON {same("held", "looked_at")} AND held.id = looked_at.id
    LEFT JOIN transition_log AS logged ON logged.marketplace_id = held.marketplace_id AND logged.machine = '{table}'
        AND logged.entity_id = held.id AND logged.seq = held.log_seq AND logged.at = held.moved_at
    WHERE held.id IS NULL {_FORGOTTEN if table == "webhook_delivery" else ""} OR held.moved_at >= log_kept_since()
        AND (logged.to_state, logged.hash) IS DISTINCT FROM (held.state, held.log_hash)
    """


STATE_AS_LOGGED = Invariant(
    name="state_as_logged",
    says="The state of every row is what the last row of the log says of it.",
    tables=tuple(machine.name for machine in MACHINES),
    breaches_of=_breaches,
)
