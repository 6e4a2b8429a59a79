"""Renewals: every active subscription whose next charge is due gets its attempt, found by a query, never by a timer.

A staged renewal has no next charge until its outcome sets one, so the due query touches only what is due. The
database refuses a second charge of a period, whatever crashes or runs twice; a subscription that claims to owe a period
which it has paid is left alone, and found as overdue: it must not keep the others of its batch from being charged.
"""

from models.database import fetch, transaction
from workflows.billing.calendar.clock import BillingClock
from workflows.engine.actor import CLOCK
from workflows.engine.job_names import ACTORS
from workflows.runtime.request import request_id

BATCH = 500

# OFFSET 0 keeps the planner from making a join of it: it would read and sort all that is due for every batch.
_STAGE = """
WITH due AS MATERIALIZED (
    SELECT subscription.* FROM subscription
    WHERE state = 'active' AND next_charge_at <= $1 AND (cancel_at IS NULL OR cancel_at > next_charge_at) {within}
    AND NOT EXISTS (SELECT FROM charge WHERE charge.marketplace_id = subscription.marketplace_id
        AND charge.subscription_id = subscription.id AND charge.period = subscription.next_period
        AND charge.state <> 'failed' OFFSET 0)
    ORDER BY next_charge_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE subscription SET next_charge_at = NULL FROM due
    WHERE subscription.marketplace_id = due.marketplace_id AND subscription.id = due.id
), attempted AS (
    INSERT INTO charge (state, moved_trigger, moved_by, moved_reason, moved_request, moved_details, marketplace_id,
                        customer_id, order_id, order_number, subscription_id, period, payment_method_id,
                        card_fingerprint, initiator, amount_minor, currency, gateway, attempted_at)
    SELECT 'pending', 'attempt', $3, 'schedule', $4,
           jsonb_build_object('subscription_id', due.id, 'period', due.next_period), due.marketplace_id,
           due.customer_id, due.order_id, customer_order.number, due.id, due.next_period, due.payment_method_id,
           card.fingerprint, 'schedule', due.amount_minor, due.currency, marketplace.gateway,
           clock_timestamp() + marketplace.clock_offset
    FROM due
    JOIN marketplace ON marketplace.id = due.marketplace_id
    JOIN customer_order ON customer_order.marketplace_id = due.marketplace_id AND customer_order.id = due.order_id
    LEFT JOIN payment_method AS card ON card.marketplace_id = due.marketplace_id AND card.id = due.payment_method_id
    RETURNING marketplace_id, id
)
INSERT INTO outbox (marketplace_id, queue, actor, args, request_id)
SELECT marketplace_id, $5, 'charge.submit', jsonb_build_object('marketplace_id', marketplace_id, 'id', id), $4
FROM attempted RETURNING 1
"""
_ALL = _STAGE.format(within="")
_WITHIN = _STAGE.format(within="AND subscription.marketplace_id = $6")


async def stage_renewals(clock: BillingClock) -> int:
    """Stages a charge for every renewal due by the clock, batch by batch; answers how many. Any number may run."""
    staged = 0
    while True:
        sql, arguments = staging_statement(clock)
        async with transaction():
            rows = await fetch(sql, *arguments)
        staged += len(rows)
        if len(rows) < BATCH:
            return staged


def staging_statement(clock: BillingClock) -> tuple[str, list[object]]:
    """The statement that stages one batch, and its arguments: a row for each charge staged."""
    arguments: list[object] = [clock.by, BATCH, str(CLOCK), request_id.get(), ACTORS["charge.submit"]]
    if clock.marketplace_id is None:
        return _ALL, arguments
    return _WITHIN, [*arguments, clock.marketplace_id]
