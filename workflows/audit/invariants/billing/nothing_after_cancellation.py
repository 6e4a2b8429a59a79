"""PRODUCT.md 2.3: after a cancellation no charge of the subscription is put to the gateway."""

from workflows.audit.invariants.invariant import Invariant, rows, same

# `submitted_at` is by the clock of a worker, `moved_at` by the database's.
_CLOCKS_DIFFER = "interval '1 minute'"
_BREACHES = f"""
SELECT subscription.marketplace_id, subscription.id AS entity,
    format('subscription %s was cancelled, and charge %s submitted after it', subscription.number, late.id) AS tells
{rows("subscription")}
CROSS JOIN LATERAL (SELECT id FROM charge AS late WHERE {same("late", "subscription")}
    AND late.subscription_id = subscription.id
    AND late.submitted_at > subscription.moved_at + {_CLOCKS_DIFFER} ORDER BY id LIMIT 1) AS late
WHERE subscription.state = 'cancelled' AND subscription.moved_trigger = 'cancel'
"""

NOTHING_AFTER_CANCELLATION = Invariant(
    name="nothing_after_cancellation",
    says="No charge is submitted after its subscription was cancelled.",
    tables=("subscription",),
    breaches_of=lambda _: _BREACHES,
)
