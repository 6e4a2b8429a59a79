"""Getting in: looking at a link, which spends nothing, and redeeming it, which starts a session."""

import hmac
import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from models.database import execute, retrying, transaction
from workflows.actor import Actor
from workflows.clock import now
from workflows.customers import mask_email
from workflows.errors import LinkUnusable, TransitionRefused
from workflows.fire import Move, create, fire, fire_where
from workflows.keys import token_digest
from workflows.links import find_link, find_usable_link, unusable
from workflows.machines import ACCESS_TOKEN, PORTAL_SESSION
from workflows.portal_views import LinkShown
from workflows.settings import SESSION_LIFETIME


class Redeemed(msgspec.Struct, frozen=True, kw_only=True):
    """A session just begun. `session_token` is shown here once; only its digest is kept."""

    session_token: str
    expires_at: datetime
    return_to: str | None


async def look_at_link(marketplace_id: UUID, token: str, browser_nonce: str | None) -> LinkShown:
    """What opening a link shows; any number of times, by anybody. Raises LinkUnusable."""
    row = await find_usable_link(marketplace_id, "portal", token)
    asked_here = browser_nonce is not None and row["browser_digest"] is not None
    return LinkShown(
        token_id=row["id"],
        masked_email=mask_email(row["email"]),
        expires_at=row["expires_at"],
        same_browser=asked_here and hmac.compare_digest(token_digest(browser_nonce or ""), row["browser_digest"]),
    )


@retrying
async def redeem_link(marketplace_id: UUID, token: str, user_agent: str) -> Redeemed:
    """Spends the link and starts a session of 30 minutes; the customer's other links to the portal expire with it.

    Of any number of callers at once exactly one succeeds. Raises LinkUnusable, and nothing has changed.
    """
    row = await find_usable_link(marketplace_id, "portal", token)
    session_token = secrets.token_urlsafe(32)
    customer = Actor("customer", row["customer_id"])
    try:
        async with transaction():
            await lock_links(marketplace_id, row["customer_id"], "portal", None)
            await fire(
                ACCESS_TOKEN,
                marketplace_id,
                row["id"],
                "redeem",
                Move(customer, "continued"),
                set_={"browser_digest": None},
            )
            session = await create(
                PORTAL_SESSION,
                {
                    "marketplace_id": marketplace_id,
                    "customer_id": row["customer_id"],
                    "access_token_id": row["id"],
                    "digest": token_digest(session_token),
                    "user_agent": user_agent[:300],
                    "started_at": now(),
                    "expires_at": now() + SESSION_LIFETIME,
                },
                Move(customer, "link_redeemed", {"access_token_id": str(row["id"])}),
            )
            await supersede_links(
                marketplace_id, row["customer_id"], "portal", None, Move(customer, "sibling_redeemed")
            )
    except TransitionRefused:
        raise await _lost_race(marketplace_id, token) from None
    return Redeemed(session_token=session_token, expires_at=session["expires_at"], return_to=row["return_to"])


async def _lost_race(marketplace_id: UUID, token: str) -> LinkUnusable:
    return unusable(await find_link(marketplace_id, "portal", token))


async def lock_links(marketplace_id: UUID, customer_id: UUID, purpose: str, subscription_id: UUID | None) -> None:
    """Locks a customer's live links of one purpose in one order, so that two redeemed at once cannot deadlock."""
    await execute(
        "SELECT FROM access_token WHERE marketplace_id = $1 AND customer_id = $2 AND purpose = $3"
        " AND subscription_id IS NOT DISTINCT FROM $4 AND state = 'issued' ORDER BY id FOR UPDATE",
        marketplace_id,
        customer_id,
        purpose,
        subscription_id,
    )


async def supersede_links(
    marketplace_id: UUID, customer_id: UUID, purpose: str, subscription_id: UUID | None, move: Move
) -> None:
    """Expires what is left of a customer's links of one purpose and subscription."""
    await fire_where(
        ACCESS_TOKEN,
        "supersede",
        "marketplace_id = $1 AND customer_id = $2 AND purpose = $3 AND subscription_id IS NOT DISTINCT FROM $4",
        (marketplace_id, customer_id, purpose, subscription_id),
        move,
    )
