"""What a customer sees of their subscriptions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import fetch
from workflows.billing.dunning.next_step import attempt_to_tell_of
from workflows.billing.subscriptions.views import CardShown, FailedCharge, SubscriptionView
from workflows.languages.decline_reasons import in_plain_words
from workflows.machines import SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import NotFound

CARD_UPDATABLE = ("active", "failed_charge")  # PRODUCT.md 2.4


_SELECT = """
SELECT subscription.*, product.name AS product,
       card.brand, card.last_four, card.exp_month, card.exp_year,
       dunning.amount_minor AS owed_minor, dunning.next_attempt_at, dunning.last_decline_code, dunning.opened_at,
       (SELECT max(attempted_at) FROM charge WHERE charge.marketplace_id = subscription.marketplace_id
           AND charge.subscription_id = subscription.id AND charge.state IN ('failed', 'action_required')) AS failed_at,
       EXISTS (SELECT FROM charge WHERE charge.marketplace_id = subscription.marketplace_id
           AND charge.subscription_id = subscription.id AND charge.state = 'pending') AS charging_now,
       EXISTS (SELECT FROM charge WHERE charge.marketplace_id = subscription.marketplace_id
           AND charge.subscription_id = subscription.id AND charge.state = 'action_required') AS confirm
FROM subscription
JOIN product ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id
LEFT JOIN payment_method AS card
    ON card.marketplace_id = subscription.marketplace_id AND card.id = subscription.payment_method_id
LEFT JOIN dunning_case AS dunning ON dunning.marketplace_id = subscription.marketplace_id
    AND dunning.subscription_id = subscription.id AND dunning.state = 'open'
WHERE subscription.marketplace_id = $1 AND subscription.customer_id = $2
"""


async def list_subscriptions(marketplace: Marketplace, customer_id: UUID) -> list[SubscriptionView]:
    """All of the customer's subscriptions: what needs them first, what is over last, newest first within."""
    rows = await fetch(
        _SELECT + " ORDER BY array_position(ARRAY['failed_charge', 'active'], subscription.state), subscription.number"
        " DESC",
        marketplace.id,
        customer_id,
    )
    return [_view(marketplace, row) for row in rows]


async def get_subscription(marketplace: Marketplace, customer_id: UUID, number: int) -> SubscriptionView:
    """One of the customer's subscriptions. Raises NotFound, also for another customer's."""
    rows = await fetch(_SELECT + " AND subscription.number = $3", marketplace.id, customer_id, number)
    if not rows:
        raise NotFound(f"no subscription {number}")
    return _view(marketplace, rows[0])


def _view(marketplace: Marketplace, row: Any) -> SubscriptionView:
    return SubscriptionView(
        id=row["id"],
        number=row["number"],
        product=row["product"],
        state=row["state"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        interval_unit=row["interval_unit"],
        interval_count=row["interval_count"],
        payments_made=row["payments_made"],
        payments_total=row["payments_total"],
        started_at=row["started_at"],
        trial_ends_at=row["trial_ends_at"],
        first_payment=row["trial_ends_at"] is not None and row["next_period"] == 0,
        next_charge_at=_next_charge_at(row),
        charging_now=row["charging_now"],
        cancel_at=row["cancel_at"] if row["ended_at"] is None else None,
        ended_at=row["ended_at"],
        card=card_shown(row),
        failed_charge=_failed_charge(row) if row["state"] == "failed_charge" else None,
        can_cancel=marketplace.self_cancellation and SUBSCRIPTION.allows("cancel", row),
        can_update_card=row["state"] in CARD_UPDATABLE,
    )


def _next_charge_at(row: Any) -> datetime | None:
    """What will be charged: nothing of one that has failed or ended, and nothing at or after an arranged end."""
    at = row["next_charge_at"] if row["state"] == "active" else None
    return None if at is None or (row["cancel_at"] is not None and row["cancel_at"] <= at) else at


def card_shown(row: Any) -> CardShown | None:
    """The card columns of a row (brand, last_four, exp_month, exp_year), None when there is no card."""
    if row["brand"] is None:
        return None
    return CardShown(
        brand=row["brand"], last_four=row["last_four"], exp_month=row["exp_month"], exp_year=row["exp_year"]
    )


def _failed_charge(row: Any) -> FailedCharge:
    return FailedCharge(
        failed_at=row["failed_at"] or row["opened_at"] or row["moved_at"],
        owed_minor=row["owed_minor"] if row["owed_minor"] is not None else row["amount_minor"],
        reason=in_plain_words(row["last_decline_code"]),
        next_attempt_at=attempt_to_tell_of(row["next_attempt_at"], row["last_decline_code"]),
        charging_now=row["charging_now"],
        confirm=row["confirm"],
    )
