"""Card-update links: a separate one-time link that replaces the card of one subscription and does nothing else."""

from typing import Any
from uuid import UUID

from models.database import fetch_row, fetch_value, transaction
from workflows.access.link_email_limit import LINK_EMAILS_WITHIN, mail_limit_reached
from workflows.access_tokens.one_time_links import find_usable_link, issue_link
from workflows.billing.cards.views import CardLinkShown
from workflows.billing.subscriptions.portal_list import CARD_UPDATABLE, card_shown
from workflows.customers.addresses import lock_customer, mask_email
from workflows.emails.delivery.stage import stage_email
from workflows.emails.delivery.suppression import refuse_undeliverable
from workflows.engine.actor import Actor
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import LinkUnusable, NotFound, TooManyRequests, TransitionRefused

_TEMPLATE = "card_update_link"


async def send_card_update_link(marketplace: Marketplace, customer_id: UUID, number: int, by: Actor) -> bool:
    """E-mails the link for the customer's subscription `number`. Past the hour's share it sends nothing and answers no:
    earlier links still work. Raises NotFound, TransitionRefused where no card is needed any more, and, unless it is the
    customer who asks, AddressUndeliverable."""
    async with transaction():
        customer = await lock_customer(marketplace.id, customer_id)
        subscription = await fetch_row(
            "SELECT subscription.id, subscription.state, product.name AS product FROM subscription JOIN product"
            " ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id"
            " WHERE subscription.marketplace_id = $1 AND subscription.customer_id = $2 AND subscription.number = $3",
            marketplace.id,
            customer_id,
            number,
        )
        if customer is None or subscription is None:
            raise NotFound(f"no subscription {number}")
        if subscription["state"] not in CARD_UPDATABLE:
            raise TransitionRefused("subscription", subscription["id"], "update_card", subscription["state"], "no rule")
        asked_for = by == Actor("customer", customer_id)
        if not asked_for:
            refuse_undeliverable(customer)
        if await mail_limit_reached(marketplace.id, Actor("customer", customer_id), _TEMPLATE):
            return False
        token_id = await issue_link(
            marketplace,
            purpose="card_update",
            customer_id=customer_id,
            subscription_id=subscription["id"],
            by=by,
            because="card_update_requested",
        )
        await stage_email(
            marketplace.id,
            template=_TEMPLATE,
            recipient=customer["email"],
            cause=f"access_token:{token_id}",
            customer_id=customer_id,
            access_token_id=token_id,
            context={
                "lifetime_minutes": marketplace.link_lifetime_minutes,
                "product": subscription["product"],
                "subscription_number": number,
            },
            useful_until=now() + marketplace.link_lifetime,
            by=by,
            urgent=True,
            asked_for=asked_for,
        )
    return True


async def send_card_update_email(marketplace: Marketplace, number: int, by: Actor) -> None:
    """Staff's "Send Card Update Email": the same e-mail to the subscription's customer.

    Raises NotFound, TransitionRefused, AddressUndeliverable, and TooManyRequests when the customer got the hour's
    share already.
    """
    customer_id = await fetch_value(
        "SELECT customer_id FROM subscription WHERE marketplace_id = $1 AND number = $2", marketplace.id, number
    )
    if customer_id is None:
        raise NotFound(f"no subscription {number}")
    if not await send_card_update_link(marketplace, customer_id, number, by):
        raise TooManyRequests("card e-mails to this customer", int(LINK_EMAILS_WITHIN.total_seconds()))


async def look_at_card_link(marketplace_id: UUID, token: str) -> CardLinkShown:
    """What opening the link shows; any number of times. Raises LinkUnusable, also when the subscription has ended."""
    link = await find_usable_link(marketplace_id, "card_update", token)
    row = await fetch_row(
        "SELECT subscription.number, subscription.state, subscription.currency, product.name AS product, card.brand,"
        " card.last_four, card.exp_month, card.exp_year, dunning.amount_minor AS owed_minor FROM subscription"
        " JOIN product ON product.marketplace_id = subscription.marketplace_id AND product.id = subscription.product_id"
        " LEFT JOIN payment_method AS card ON card.marketplace_id = subscription.marketplace_id"
        " AND card.id = subscription.payment_method_id"
        " LEFT JOIN dunning_case AS dunning ON dunning.marketplace_id = subscription.marketplace_id"
        " AND dunning.subscription_id = subscription.id AND dunning.state = 'open'"
        " WHERE subscription.marketplace_id = $1 AND subscription.id = $2",
        marketplace_id,
        link["subscription_id"],
    )
    if row is None or row["state"] not in CARD_UPDATABLE:
        raise LinkUnusable("no longer needed", link["id"])
    return _shown(link, row)


def _shown(link: Any, row: Any) -> CardLinkShown:
    return CardLinkShown(
        token_id=link["id"],
        subscription_id=link["subscription_id"],
        subscription_number=row["number"],
        product=row["product"],
        masked_email=mask_email(link["email"]),
        locale=link["locale"],
        card=card_shown(row),
        owed_minor=row["owed_minor"] if row["state"] == "failed_charge" else None,
        currency=row["currency"],
        expires_at=link["expires_at"],
    )
