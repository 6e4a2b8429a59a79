"""PRODUCT.md 4.1: a limited plan ends with its last payment."""

from workflows.audit.invariants.invariant import Invariant, rows

_BREACHES = f"""
SELECT subscription.marketplace_id, subscription.id AS entity,
    format('subscription %s is %s, with %s of %s payments made', subscription.number, subscription.state,
           subscription.payments_made, subscription.payments_total) AS tells
{rows("subscription")}
WHERE subscription.payments_total IS NOT NULL
    AND (subscription.state IN ('active', 'failed_charge') AND subscription.payments_made >= subscription.payments_total
         OR subscription.state = 'completed' AND subscription.payments_made < subscription.payments_total)
"""

PAID_OFF_IS_COMPLETED = Invariant(
    name="paid_off_is_completed",
    says="A limited plan is completed when, and only when, all its payments were made.",
    tables=("subscription",),
    breaches_of=lambda _: _BREACHES,
)
