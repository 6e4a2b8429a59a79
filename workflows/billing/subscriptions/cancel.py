"""Cancelling a subscription: one transaction that ends it, its dunning case, what was staged for it, and its links.

Nothing is refunded. A charge already at the gateway is settled when it answers, and shown.
"""

from uuid import UUID

from models.database import Record, fetch_row, fetch_value, retrying, transaction
from workflows.access.views import SignedIn
from workflows.billing.dunning.cases import close_case
from workflows.billing.subscriptions.portal_list import get_subscription
from workflows.billing.subscriptions.views import SubscriptionView
from workflows.customers.addresses import addressee
from workflows.emails.delivery.stage import stage_email
from workflows.emails.notices_for_staff import notify_of_self_cancellation
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire, fire_where
from workflows.machines import ACCESS_TOKEN, CHARGE, SUBSCRIPTION
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import NotFound, SelfCancellationOff


@retrying
async def cancel_by_customer(marketplace: Marketplace, signed_in: SignedIn, number: int) -> SubscriptionView:
    """Cancels the customer's own subscription at once and confirms it by e-mail.

    Raises NotFound (also for another customer's), SelfCancellationOff when the merchant does not offer it, and
    TransitionRefused when it has ended already.
    """
    owned = await get_subscription(marketplace, signed_in.customer_id, number)
    async with transaction():
        await _refuse_where_off(marketplace.id)
        move = Move(Actor("customer", signed_in.customer_id), "self_cancellation")
        await notify_of_self_cancellation(await cancel_subscription(marketplace, owned.id, move), move.by)
    return await get_subscription(marketplace, signed_in.customer_id, number)


@retrying
async def cancel_by_staff(marketplace: Marketplace, number: int, by: Actor) -> None:
    """Cancels any of the marketplace's subscriptions at once. Raises NotFound, TransitionRefused."""
    async with transaction():
        subscription_id = await fetch_value(
            "SELECT id FROM subscription WHERE marketplace_id = $1 AND number = $2", marketplace.id, number
        )
        if subscription_id is None:
            raise NotFound(f"no subscription {number}")
        await cancel_subscription(marketplace, subscription_id, Move(by, "cancelled_by_staff"))


async def _refuse_where_off(marketplace_id: UUID) -> None:
    # Read again under a lock: a merchant who switches it off at this moment is obeyed from then on.
    row = await fetch_row("SELECT self_cancellation FROM marketplace WHERE id = $1 FOR SHARE", marketplace_id)
    if row is None or not row["self_cancellation"]:
        raise SelfCancellationOff("this marketplace does not let customers cancel by themselves")


async def cancel_subscription(marketplace: Marketplace, subscription_id: UUID, move: Move) -> Record:
    """Cancels in the caller's transaction, whoever asks. Raises TransitionRefused, NotFound.

    Locks in the order of all acts: subscription, dunning case, charges, the rest (CONTRIBUTING.md).
    """
    at = marketplace_now(billing_offset(marketplace))
    subscription = await fire(
        SUBSCRIPTION,
        marketplace.id,
        subscription_id,
        "cancel",
        move,
        set_={"ended_at": at, "next_charge_at": None, "cancel_at": None},
    )
    consequence = Move(move.by, "subscription_cancelled", {"subscription_id": str(subscription_id)})
    of_subscription = "marketplace_id = $1 AND subscription_id = $2"
    case_id = await fetch_value(
        f"SELECT id FROM dunning_case WHERE {of_subscription} AND state = 'open'", marketplace.id, subscription_id
    )
    if case_id is not None:
        await close_case(marketplace, case_id, "abandon", consequence)
    await fire_where(CHARGE, "withdraw", of_subscription, (marketplace.id, subscription_id), consequence)
    await fire_where(ACCESS_TOKEN, "revoke", of_subscription, (marketplace.id, subscription_id), consequence)
    await _notify_customer(marketplace, subscription, move.by)
    return subscription


async def _notify_customer(marketplace: Marketplace, subscription: Record, by: Actor) -> None:
    told = await addressee(marketplace.id, subscription["id"])
    await stage_email(
        marketplace.id,
        template="subscription_cancelled",
        recipient=told["email"],
        cause=f"subscription:{subscription['id']}:{subscription['log_seq']}",
        customer_id=told["customer_id"],
        context={
            "product": told["product"],
            "subscription_number": told["subscription_number"],
            "ended_at": subscription["ended_at"].isoformat(),
        },
        by=by,
    )
