"""PRODUCT.md 6.6: no renewal, retry or cancellation on a date is overdue by more than 15 minutes.

By the marketplace's clock. A sandbox's clock jumps: what is due there was not due before the jump.
"""

from workflows.audit.invariants.invariant import Invariant
from workflows.audit.invariants.overdue import GRACE

_LATE = f"""<= now() - {GRACE} + marketplace.clock_offset
    AND coalesce(marketplace.clock_moved_at, '-infinity') <= now() - {GRACE}"""

BILLING_ON_TIME = Invariant(
    name="billing_on_time",
    says="No renewal, retry or cancellation on a date is overdue by more than 15 minutes.",
    about="subscription",
    breaches=f"""
    SELECT subscription.marketplace_id, subscription.id AS entity,
        format('the renewal of subscription %s was due at %s', subscription.number, rfc3339(next_charge_at)) AS tells
    FROM marketplace JOIN subscription ON subscription.marketplace_id = marketplace.id
    WHERE subscription.state = 'active' AND next_charge_at {_LATE}
    UNION ALL
    SELECT subscription.marketplace_id, subscription.id,
        format('subscription %s was to end at %s', subscription.number, rfc3339(cancel_at))
    FROM subscription JOIN marketplace ON marketplace.id = subscription.marketplace_id
    WHERE cancel_at IS NOT NULL AND ended_at IS NULL AND cancel_at {_LATE}
    UNION ALL
    SELECT subscription.marketplace_id, subscription.id,
        format('the next step of subscription %s''s case was due at %s', subscription.number, rfc3339(next_attempt_at))
    FROM dunning_case JOIN marketplace ON marketplace.id = dunning_case.marketplace_id
    JOIN subscription ON subscription.marketplace_id = dunning_case.marketplace_id
        AND subscription.id = dunning_case.subscription_id
    WHERE dunning_case.state = 'open' AND next_attempt_at {_LATE}
    """,
)
