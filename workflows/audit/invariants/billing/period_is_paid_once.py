"""PRODUCT.md 4.2: each period is charged once. At most one charge of it is under way or was paid."""

from workflows.audit.invariants.invariant import Invariant, rows, same

_BREACHES = f"""
SELECT charge.marketplace_id, charge.id AS entity,
    format('period %s of the same subscription has another charge that did not fail: %s', charge.period, other.id)
        AS tells
{rows("charge")}
CROSS JOIN LATERAL (SELECT id FROM charge AS other WHERE {same("other", "charge")}
    AND other.subscription_id = charge.subscription_id AND other.period = charge.period AND other.id <> charge.id
    AND other.state <> 'failed' ORDER BY id LIMIT 1) AS other
WHERE charge.subscription_id IS NOT NULL AND charge.state <> 'failed'
"""

PERIOD_IS_PAID_ONCE = Invariant(
    name="period_is_paid_once",
    says="Of each period of a subscription at most one charge is under way or was paid.",
    tables=("charge",),
    breaches_of=lambda _: _BREACHES,
)
