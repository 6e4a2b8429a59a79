"""Getting in: looking at a link, which spends nothing, and redeeming it, which starts a session.

The same for customers and staff (workflows/access_tokens/sites.py). Where a member of the staff has a second
factor, redeeming spends the link and asks for a code first (staff_sign_in.py).
"""

import hmac
from typing import Any
from uuid import UUID

from models.database import execute, retrying, transaction
from workflows.access.sessions import Redeemed, start_session
from workflows.access.views import LinkShown
from workflows.access_tokens.one_time_links import find_link, find_usable_link, unusable
from workflows.access_tokens.sites import PORTAL, Site
from workflows.customers.addresses import mask_email
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire, fire_where
from workflows.machines import ACCESS_TOKEN
from workflows.requests.attempt import note_person
from workflows.runtime.errors import LinkUnusable, TransitionRefused
from workflows.runtime.keys import token_digest


async def look_at_link(
    marketplace_id: UUID, token: str, browser_nonce: str | None, entrance: Site = PORTAL
) -> LinkShown:
    """What opening a link shows; any number of times, by anybody. Raises LinkUnusable."""
    row = await find_usable_link(marketplace_id, entrance.purpose, token)
    asked_here = browser_nonce is not None and row["browser_digest"] is not None
    return LinkShown(
        token_id=row["id"],
        masked_email=mask_email(row["email"]),
        locale=row["locale"],
        expires_at=row["expires_at"],
        same_browser=asked_here and hmac.compare_digest(token_digest(browser_nonce or ""), row["browser_digest"]),
    )


@retrying
async def redeem_link(marketplace_id: UUID, token: str, user_agent: str, entrance: Site = PORTAL) -> Redeemed:
    """Spends the link and starts a session; the holder's other links through the same entrance expire with it.

    Of any number of callers at once exactly one succeeds. Raises LinkUnusable, and nothing has changed.
    """
    row = await find_usable_link(marketplace_id, entrance.purpose, token)
    try:
        async with transaction():
            await spend_link(row, entrance)
            return await start_session(row, user_agent, entrance, "link_redeemed")
    except TransitionRefused:
        raise await lost_race(marketplace_id, token, entrance) from None


async def spend_link(link: Any, entrance: Site) -> None:
    """Redeems a link and expires its siblings, in the caller's transaction. Raises TransitionRefused, and LinkUnusable
    when its holder may no longer enter."""
    holder = Actor(entrance.people, link[entrance.column])
    note_person(link["marketplace_id"], holder)
    if entrance.people == "staff" and await entrance.lock(link["marketplace_id"], link["staff_id"]) is None:
        raise LinkUnusable("expired")  # removed a moment ago
    await lock_links(link["marketplace_id"], holder, entrance.purpose, None)
    await fire(
        ACCESS_TOKEN,
        link["marketplace_id"],
        link["id"],
        "redeem",
        Move(holder, "continued"),
        set_={"browser_digest": None},
    )
    await supersede_links(link["marketplace_id"], holder, entrance.purpose, None)


async def lost_race(marketplace_id: UUID, token: str, entrance: Site) -> LinkUnusable:
    """Why a link that was usable a moment ago is no longer."""
    return unusable(await find_link(marketplace_id, entrance.purpose, token))


async def lock_links(marketplace_id: UUID, holder: Actor, purpose: str, subscription_id: UUID | None) -> None:
    """Locks a holder's live links of one purpose in one order, so that two redeemed at once cannot deadlock."""
    await execute(
        f"SELECT FROM access_token WHERE marketplace_id = $1 AND {holder.kind}_id = $2 AND purpose = $3"
        " AND subscription_id IS NOT DISTINCT FROM $4 AND state = 'issued' ORDER BY id FOR UPDATE",
        marketplace_id,
        holder.id,
        purpose,
        subscription_id,
    )


async def supersede_links(marketplace_id: UUID, holder: Actor, purpose: str, subscription_id: UUID | None) -> None:
    """Expires what is left of a holder's links of one purpose and subscription."""
    await fire_where(
        ACCESS_TOKEN,
        "supersede",
        f"marketplace_id = $1 AND {holder.kind}_id = $2 AND purpose = $3 AND subscription_id IS NOT DISTINCT FROM $4",
        (marketplace_id, holder.id, purpose, subscription_id),
        Move(holder, "sibling_redeemed"),
    )
