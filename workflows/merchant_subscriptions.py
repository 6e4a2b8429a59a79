"""What a merchant sees of one subscription: more than its customer does, within its own marketplace only."""

from datetime import datetime

import msgspec

from models.database import fetch_row
from workflows.errors import NotFound
from workflows.portal_views import CardShown, FailedCharge, Marketplace
from workflows.subscriptions import get_subscription


class SubscriptionCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose it is."""

    number: int
    email: str
    name: str


class MerchantSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as the merchant sees it. Money is in minor units of `currency`."""

    number: int
    product: str
    state: str
    customer: SubscriptionCustomer
    amount_minor: int
    currency: str
    interval_unit: str
    interval_count: int
    payments_made: int
    payments_total: int | None
    started_at: datetime
    trial_ends_at: datetime | None
    next_charge_at: datetime | None
    ended_at: datetime | None
    card: CardShown | None
    failed_charge: FailedCharge | None


async def subscription_of_marketplace(marketplace: Marketplace, number: int) -> MerchantSubscription:
    """The marketplace's subscription of that number. Raises NotFound."""
    customer = await fetch_row(
        "SELECT customer.id, customer.number, customer.email, customer.name FROM subscription"
        " JOIN customer ON customer.marketplace_id = subscription.marketplace_id"
        " AND customer.id = subscription.customer_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.number = $2",
        marketplace.id,
        number,
    )
    if customer is None:
        raise NotFound(f"no subscription {number}")
    seen = await get_subscription(marketplace, customer["id"], number)
    shared = {name: getattr(seen, name) for name in MerchantSubscription.__struct_fields__ if name != "customer"}
    whose = SubscriptionCustomer(number=customer["number"], email=customer["email"], name=customer["name"])
    return MerchantSubscription(customer=whose, **shared)
