"""PRODUCT.md 2.3, 4.6: a subscription that ended owes nothing more by itself, and no attempt of it waits."""

from workflows.audit.invariants.invariant import Invariant, rows, same

_BREACHES = f"""
SELECT subscription.marketplace_id, subscription.id AS entity,
    format('subscription %s is %s, and %s', subscription.number, subscription.state,
           CASE WHEN waiting.id IS NULL THEN 'has a next charge' ELSE format('charge %s waits', waiting.id) END)
        AS tells
{rows("subscription")}
LEFT JOIN LATERAL (SELECT id FROM charge WHERE {same("charge", "subscription")}
    AND charge.subscription_id = subscription.id AND charge.state = 'pending' AND charge.submitted_at IS NULL
    LIMIT 1) AS waiting ON true
WHERE subscription.state IN ('cancelled', 'completed')
    AND (subscription.next_charge_at IS NOT NULL OR waiting.id IS NOT NULL)
"""

NOTHING_WAITS_AT_THE_END = Invariant(
    name="nothing_waits_at_the_end",
    says="A subscription that ended has no next charge and no attempt that waits.",
    tables=("subscription",),
    breaches_of=lambda _: _BREACHES,
)
