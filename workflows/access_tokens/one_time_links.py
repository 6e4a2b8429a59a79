"""One-time links: how one is issued, written as text, and known again. How long one works is in
workflows/marketplaces/link_lifetime.py.

The text is base64url(id ‖ HMAC(server key, purpose ‖ marketplace ‖ id ‖ nonce)): 64 characters. It is never stored: the
e-mail's worker derives it again, so that a repeated mail carries the same link.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from models.database import Record, fetch_row
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create
from workflows.machines import ACCESS_TOKEN
from workflows.marketplaces.link_lifetime import LINK_REMEMBERED_FOR
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import LinkUnusable
from workflows.runtime.keys import UnknownKey, current_key_id, derive
from workflows.runtime.settings import settings

Purpose = Literal["portal", "card_update", "staff"]

_TEXT_LENGTH = 64
_PATHS: dict[Purpose, str] = {
    "portal": "/portal/{slug}/access",
    "card_update": "/portal/{slug}/card",
    "staff": "/console/{slug}/access",
}


async def issue_link(
    marketplace: Marketplace,
    *,
    purpose: Purpose,
    by: Actor,
    because: str,
    customer_id: UUID | None = None,
    staff_id: UUID | None = None,
    subscription_id: UUID | None = None,
    dunning_case_id: UUID | None = None,
    browser_digest: bytes | None = None,
    return_to: str | None = None,
    lifetime: timedelta | None = None,
) -> UUID:
    """Makes a link in the caller's transaction and answers with its id; `lifetime` defaults to the marketplace's."""
    row = await create(
        ACCESS_TOKEN,
        {
            "marketplace_id": marketplace.id,
            "purpose": purpose,
            "customer_id": customer_id,
            "staff_id": staff_id,
            "subscription_id": subscription_id,
            "dunning_case_id": dunning_case_id,
            "nonce": secrets.token_bytes(16),
            "key_id": current_key_id(),
            "browser_digest": browser_digest,
            "return_to": return_to,
            "expires_at": now() + (lifetime or marketplace.link_lifetime),
        },
        Move(by, because),
    )
    return row["id"]


def link_text(row: Any) -> str:
    """The link's text, from its row (id, marketplace_id, purpose, nonce, key_id). Raises keys.UnknownKey."""
    return urlsafe_b64encode(row["id"].bytes + _secret(row)).decode()


def link_url(marketplace_slug: str, purpose: Purpose, text: str) -> str:
    """Where the link leads, built from the configured public URL alone."""
    path = _PATHS[purpose].format(slug=marketplace_slug)
    return f"{settings().public_url}{path}/{text}"


async def find_link(marketplace_id: UUID, purpose: Purpose, text: str) -> Record:
    """The row of a link that was once issued, in whatever state. Raises LinkUnusable("unknown") for any other text."""
    row = None
    if (token_id := _id_of(text)) is not None:
        row = await fetch_row(
            "SELECT token.*, coalesce(customer.email, staff.email) AS email, customer.locale FROM access_token AS token"
            " LEFT JOIN customer ON customer.marketplace_id = token.marketplace_id AND customer.id = token.customer_id"
            " LEFT JOIN staff ON staff.marketplace_id = token.marketplace_id AND staff.id = token.staff_id"
            " WHERE token.marketplace_id = $1 AND token.id = $2 AND token.purpose = $3",
            marketplace_id,
            token_id,
            purpose,
        )
    if row is None or not _is_genuine(row, text):
        raise LinkUnusable("unknown")
    return row


async def find_usable_link(marketplace_id: UUID, purpose: Purpose, text: str) -> Record:
    """The row of a link that may be redeemed now. Raises LinkUnusable, naming the link if it was real of late."""
    row = await find_link(marketplace_id, purpose, text)
    if not ACCESS_TOKEN.allows("redeem", row, now=now()):
        raise unusable(row)
    return row


def unusable(row: Any) -> LinkUnusable:
    """Why a genuine link no longer works: used, or expired."""
    recent = row["created_at"] > now() - LINK_REMEMBERED_FOR
    because = "used" if row["state"] == "redeemed" else "expired"
    return LinkUnusable(because, row["id"] if recent else None)


def _secret(row: Any) -> bytes:
    return derive(row["key_id"], f"link:{row['purpose']}", row["marketplace_id"].bytes, row["id"].bytes, row["nonce"])


def _id_of(text: str) -> UUID | None:
    if len(text) != _TEXT_LENGTH:
        return None
    try:
        raw = urlsafe_b64decode(text.encode("ascii"))
    except (ValueError, UnicodeEncodeError):
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 48 else None


def _is_genuine(row: Any, text: str) -> bool:
    try:
        return hmac.compare_digest(link_text(row).encode(), text.encode())
    except UnknownKey:
        return False
