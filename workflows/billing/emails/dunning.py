"""What a dunning case tells its customer: each failed attempt, with the link that mends it, and the end."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from workflows.access_tokens.one_time_links import issue_link
from workflows.billing.charges.declines import severity
from workflows.customers.addresses import addressee
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import Actor
from workflows.languages.decline_reasons import reason_for_customer
from workflows.marketplaces.tenant import Marketplace

CASE_LINK_LIFETIME = timedelta(days=90)  # the longest; a case's links end with the case (PRODUCT.md 4.4)


async def announce_failure(
    marketplace: Marketplace, case: Any, charge: Any, next_attempt_at: datetime | None, by: Actor, *, ended: bool
) -> UUID | None:
    """Stages the e-mail about one failed attempt; answers with its id. It carries the case's card-update link, unless
    the attempt `ended` the subscription: then no card mends it any more."""
    told = await addressee(marketplace.id, case["subscription_id"])
    context = {
        "product": told["product"],
        "subscription_number": told["subscription_number"],
        "amount_minor": charge["amount_minor"],
        "currency": charge["currency"],
        "failed_at": charge["attempted_at"].isoformat(),
        "reason": reason_for_customer(case["last_decline_code"]),
        "ended": ended,
        "confirm": severity(case["last_decline_code"]) == "customer",
    }
    if next_attempt_at is not None:
        context["next_attempt_at"] = next_attempt_at.isoformat()
    return await stage_email(
        marketplace.id,
        template="failed_charge",
        recipient=told["email"],
        cause=f"charge:{charge['id']}",
        customer_id=told["customer_id"],
        access_token_id=None if ended else await _case_link(marketplace, case, told["customer_id"], by),
        context=context,
        by=by,
    )


async def announce_the_end(
    marketplace: Marketplace, case: Any, end: Literal["cancel", "leave"], by: Actor
) -> UUID | None:
    """Stages the final notice; answers with its id. Where the policy leaves the subscription, its link still mends."""
    told = await addressee(marketplace.id, case["subscription_id"])
    link = await _case_link(marketplace, case, told["customer_id"], by) if end == "leave" else None
    return await stage_email(
        marketplace.id,
        template="final_notice",
        recipient=told["email"],
        cause=f"dunning_case:{case['id']}:final",
        customer_id=told["customer_id"],
        access_token_id=link,
        context={
            "product": told["product"],
            "subscription_number": told["subscription_number"],
            "amount_minor": case["amount_minor"],
            "currency": case["currency"],
            "ended": end == "cancel",
        },
        by=by,
    )


async def _case_link(marketplace: Marketplace, case: Any, customer_id: UUID, by: Actor) -> UUID:
    return await issue_link(
        marketplace,
        purpose="card_update",
        customer_id=customer_id,
        subscription_id=case["subscription_id"],
        dunning_case_id=case["id"],
        lifetime=CASE_LINK_LIFETIME,
        by=by,
        because="charge_failed",
    )
