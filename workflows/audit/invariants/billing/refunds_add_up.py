"""PRODUCT.md 4.9: what was refunded is what the refunds say, and never more than was paid.

The log tells every refund, those made at the gateway included; a charge that was imported begins with what it had.
"""

from workflows.audit.invariants.invariant import Invariant, rows, same

_BREACHES = f"""
SELECT charge.marketplace_id, charge.id AS entity,
    format('refunded %s of %s; refunds made %s, pending %s, by the log %s', charge.refunded_minor,
           charge.amount_minor, refunds.made, refunds.pending, logged.sum) AS tells
{rows("charge")}
CROSS JOIN LATERAL (SELECT coalesce(sum(amount_minor) FILTER (WHERE status = 'succeeded'), 0) AS made,
        coalesce(sum(amount_minor) FILTER (WHERE status = 'pending'), 0) AS pending
    FROM refund WHERE {same("refund", "charge")} AND refund.charge_id = charge.id) AS refunds
LEFT JOIN LATERAL (
    SELECT coalesce(sum((details ->> 'amount_minor')::bigint) FILTER (WHERE trigger = 'refund'), 0) AS sum,
        bool_or(trigger = 'attempt') AS begins
    FROM transition_log WHERE {same("transition_log", "charge")} AND machine = 'charge' AND entity_id = charge.id
) AS logged ON charge.refunded_minor > 0 OR refunds.made > 0
WHERE charge.refunded_minor + refunds.pending > charge.amount_minor OR charge.refunded_minor < refunds.made
    OR logged.begins AND logged.sum <> charge.refunded_minor
"""

REFUNDS_ADD_UP = Invariant(
    name="refunds_add_up",
    says="What was refunded of a charge is the sum of its refunds, and not above what was paid.",
    tables=("charge",),
    breaches_of=lambda _: _BREACHES,
)
