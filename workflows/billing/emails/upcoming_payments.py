"""Notices before money moves: a trial about to end, a card about to expire. Once per charge, whatever runs twice.

"Once" is the database's: an e-mail's cause names the subscription and the period (outgoing_email's unique key).
"""

from datetime import timedelta
from typing import Any

from models.database import fetch, transaction
from workflows.billing.calendar.clock import BillingClock
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import CLOCK

TRIAL_NOTICE = timedelta(days=3)  # before the first payment: time to cancel, short enough to be remembered
CARD_NOTICE = timedelta(days=7)  # before the next charge
BATCH = 500  # at once

_DUE = """
SELECT subscription.*, customer.email, product.name AS product, card.brand AS card_brand,
       card.last_four AS card_last_four, card.exp_month, card.exp_year
FROM subscription
JOIN customer ON customer.marketplace_id = subscription.marketplace_id AND customer.id = subscription.customer_id
JOIN product ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id
LEFT JOIN payment_method AS card
    ON card.marketplace_id = subscription.marketplace_id AND card.id = subscription.payment_method_id
WHERE subscription.state = 'active' AND ($2::uuid IS NULL OR subscription.marketplace_id = $2) AND {due}
AND (subscription.cancel_at IS NULL OR subscription.cancel_at > subscription.next_charge_at)
AND NOT EXISTS (SELECT FROM outgoing_email AS told WHERE told.marketplace_id = subscription.marketplace_id
    AND told.template = '{template}' AND told.recipient = customer.email
    AND told.cause = 'subscription:' || subscription.id || ':period:' || subscription.next_period || ':{template}')
ORDER BY subscription.next_charge_at LIMIT $4
"""
_TRIALS = _DUE.format(
    template="trial_ending",
    due="subscription.next_period = 0 AND subscription.trial_ends_at > $1 AND subscription.trial_ends_at <= $1 + $3"
    " AND subscription.trial_ends_at >= subscription.started_at + $3",
)
# A card is good to the end of its month.
CARD_EXPIRES_FIRST = (
    "make_timestamptz(card.exp_year, card.exp_month, 1, 0, 0, 0, 'UTC') + interval '1 month'"
    " <= subscription.next_charge_at"
)
_CARDS = _DUE.format(
    template="card_expiring",
    due="subscription.next_charge_at > $1 AND subscription.next_charge_at <= $1 + $3 AND " + CARD_EXPIRES_FIRST,
)


async def announce_trial_ends(clock: BillingClock) -> int:
    """Tells customers whose trial ends within three days what will be charged and when; answers how many."""
    due = await fetch(_TRIALS, clock.by, clock.marketplace_id, TRIAL_NOTICE, BATCH)
    for row in due:
        await _notify(
            row,
            "trial_ending",
            {
                "amount_minor": row["amount_minor"],
                "currency": row["currency"],
                "trial_ends_at": row["trial_ends_at"].isoformat(),
            },
        )
    return len(due)


async def announce_expiring_cards(clock: BillingClock) -> int:
    """Tells customers whose card will have expired when its next charge comes, a week before; answers how many.

    Looks at every charge of that week: not for every minute where there are many.
    """
    told = 0
    while True:
        due = await fetch(_CARDS, clock.by, clock.marketplace_id, CARD_NOTICE, BATCH)
        for row in due:
            facts = {name: row[name] for name in ("card_brand", "card_last_four", "exp_month", "exp_year")}
            amount = {"amount_minor": row["amount_minor"], "currency": row["currency"]}
            await _notify(
                row, "card_expiring", {**facts, **amount, "next_charge_at": row["next_charge_at"].isoformat()}
            )
        told += len(due)
        if len(due) < BATCH:
            return told


async def _notify(row: Any, template: str, context: dict[str, Any]) -> None:
    async with transaction():
        await stage_email(
            row["marketplace_id"],
            template=template,
            recipient=row["email"],
            cause=f"subscription:{row['id']}:period:{row['next_period']}:{template}",
            customer_id=row["customer_id"],
            context={"product": row["product"], "subscription_number": row["number"], **context},
            by=CLOCK,
        )
