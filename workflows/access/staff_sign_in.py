"""Getting into the console: by a one-time link, and where the person has a second factor, by a code of it as well.

Redeeming the link spends it either way. What it leaves for who must still give a code is a signed text, the challenge,
good for ten minutes and one session: the database allows one session a link.
"""

from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec

from models.database import Record, fetch_row, retrying, transaction
from workflows.access.link_redemption import lost_race, spend_link
from workflows.access.rate_limiter import RateLimiter
from workflows.access.second_factor_codes import check_code, is_required
from workflows.access.sessions import Redeemed, start_session
from workflows.access_tokens.one_time_links import find_usable_link
from workflows.access_tokens.sites import CONSOLE
from workflows.marketplaces.staff import lock_member
from workflows.runtime.errors import LinkUnusable, TransitionRefused
from workflows.runtime.keys import read_signed, sign

CHALLENGE_LIFETIME = timedelta(minutes=10)  # to find the phone
_PURPOSE = "second_factor"


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """The link is spent; `challenge` with a code of the second factor starts the session."""

    challenge: str


@retrying
async def redeem_staff_link(marketplace_id: UUID, token: str, user_agent: str) -> Redeemed | Challenge:
    """Spends the link and starts a session of 8 hours, or asks for a code first. Of any number of callers at once
    exactly one succeeds. Raises LinkUnusable, and nothing has changed."""
    link = await find_usable_link(marketplace_id, CONSOLE.purpose, token)
    try:
        async with transaction():
            await spend_link(link, CONSOLE)
            if await is_required(marketplace_id, link["staff_id"]):
                signed = sign(_PURPOSE, marketplace_id.bytes + link["id"].bytes, CHALLENGE_LIFETIME)
                return Challenge(challenge=signed)
            return await start_session(link, user_agent, CONSOLE, "link_redeemed")
    except TransitionRefused:
        raise await lost_race(marketplace_id, token, CONSOLE) from None


async def answer_challenge(
    marketplace_id: UUID, challenge: str, code: str, user_agent: str, limiter: RateLimiter
) -> Redeemed:
    """Starts the session for a code of the app, or a recovery code.

    Raises LinkUnusable for a challenge that is too old, invented, another marketplace's or was answered; InvalidInput
    for a wrong code, TooManyRequests.
    """
    link = await _challenged(marketplace_id, challenge)
    try:
        async with transaction():
            if await lock_member(marketplace_id, link["staff_id"]) is None:
                raise LinkUnusable("expired")
            if await is_required(marketplace_id, link["staff_id"]):  # an owner may have reset it a moment ago
                await check_code(marketplace_id, link["staff_id"], code, limiter)
            return await start_session(link, user_agent, CONSOLE, "second_factor_given")
    except asyncpg.UniqueViolationError:
        raise LinkUnusable("used") from None


async def challenged_email(marketplace_id: UUID, challenge: str) -> str:
    """Whom a challenge asks. Raises LinkUnusable."""
    return (await _challenged(marketplace_id, challenge))["email"]


async def _challenged(marketplace_id: UUID, challenge: str) -> Record:
    payload = read_signed(_PURPOSE, challenge)
    if payload is None or payload[:16] != marketplace_id.bytes:
        raise LinkUnusable("expired")
    link = await fetch_row(
        "SELECT token.*, staff.email FROM access_token AS token JOIN staff"
        " ON staff.marketplace_id = token.marketplace_id AND staff.id = token.staff_id AND staff.removed_at IS NULL"
        " WHERE token.marketplace_id = $1 AND token.id = $2 AND token.state = 'redeemed'",
        marketplace_id,
        UUID(bytes=payload[16:]),
    )
    if link is None:
        raise LinkUnusable("expired")
    return link
