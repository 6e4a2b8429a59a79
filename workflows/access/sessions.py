"""Signed-in sessions of customers and staff: how long they last, starting, finding, listing and ending them."""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import Record, fetch, fetch_row
from workflows.access.views import LiveSession, SignedIn
from workflows.access_tokens.sites import Site
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create, fire
from workflows.machines import PORTAL_SESSION
from workflows.marketplaces.staff import SignedInStaff
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, NotSignedIn, TransitionRefused
from workflows.runtime.keys import current_key_id, derive, matches, token_digest

SESSION_LIFETIME = timedelta(minutes=30)  # a customer's, absolute: long enough for one visit (PRODUCT.md 1.7)
STAFF_SESSION_LIFETIME = timedelta(hours=8)  # a working day, absolute (PRODUCT.md 3.7)
SESSION_COOKIE = "gatehouse_session"  # holds the session's token, on the path of its site alone
_LIFETIMES: Mapping[Literal["customer", "staff"], timedelta] = {
    "customer": SESSION_LIFETIME,
    "staff": STAFF_SESSION_LIFETIME,
}
_FORM_PURPOSE = "form_token"


class Redeemed(msgspec.Struct, frozen=True, kw_only=True):
    """A session just begun. `session_token` is shown here once; only its digest is kept."""

    session_token: str
    expires_at: datetime
    return_to: str | None


async def start_session(link: Any, user_agent: str, entrance: Site, because: str) -> Redeemed:
    """Starts the one session of a redeemed link, in the caller's transaction."""
    session_token = secrets.token_urlsafe(32)
    session = await create(
        PORTAL_SESSION,
        {
            "marketplace_id": link["marketplace_id"],
            entrance.column: link[entrance.column],
            "access_token_id": link["id"],
            "digest": token_digest(session_token),
            "user_agent": user_agent[:300],
            "started_at": now(),
            "expires_at": now() + _LIFETIMES[entrance.people],
        },
        Move(Actor(entrance.people, link[entrance.column]), because, {"access_token_id": str(link["id"])}),
    )
    return Redeemed(session_token=session_token, expires_at=session["expires_at"], return_to=link["return_to"])


async def find_session(marketplace_id: UUID | None, session_token: str) -> SignedIn:
    """The customer behind a session token, within `marketplace_id` (None: in the session's own, for the API).

    Raises NotSignedIn when the session is unknown, ended, past its half hour, or another marketplace's.
    """
    row = await _live("customer", "person.email, person.name, person.locale", session_token)
    if row is None or marketplace_id not in (None, row["marketplace_id"]):
        raise NotSignedIn("no live session")
    return SignedIn(
        session_id=row["id"],
        marketplace_id=row["marketplace_id"],
        customer_id=row["customer_id"],
        email=row["email"],
        name=row["name"],
        locale=row["locale"],
        expires_at=row["expires_at"],
        form_token=_form_token(row),
    )


async def find_staff_session(marketplace_id: UUID | None, session_token: str) -> SignedInStaff:
    """The member of the staff behind a session token, with the role that they have now.

    Raises NotSignedIn for none, also for who was removed; NotFound for a live one of another marketplace.
    """
    row = await _live("staff", "person.email, person.name, person.role, person.removed_at", session_token)
    if row is None or row["removed_at"] is not None:
        raise NotSignedIn("no live session")
    if marketplace_id not in (None, row["marketplace_id"]):
        raise NotFound("the session is another marketplace's")
    return SignedInStaff(
        session_id=row["id"],
        marketplace_id=row["marketplace_id"],
        staff_id=row["staff_id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        expires_at=row["expires_at"],
        form_token=_form_token(row),
    )


async def _live(people: str, columns: str, session_token: str) -> Record | None:
    return await fetch_row(
        f"SELECT session.id, session.marketplace_id, session.{people}_id, session.expires_at, {columns}"
        f" FROM portal_session AS session JOIN {people} AS person ON person.marketplace_id = session.marketplace_id"
        f" AND person.id = session.{people}_id"
        " WHERE session.digest = $1 AND session.state = 'active' AND session.expires_at > $2",
        token_digest(session_token),
        now(),
    )


def _form_token(row: Any) -> str:
    return derive(current_key_id(), _FORM_PURPOSE, row["id"].bytes).hex()


def check_form_token(signed_in: SignedIn | SignedInStaff, token: str) -> bool:
    """Whether a form's token belongs to this session; a key rotated meanwhile does not break open pages."""
    if hmac.compare_digest(token.encode("utf-8", "surrogatepass"), signed_in.form_token.encode()):
        return True
    try:
        return matches(_FORM_PURPOSE, bytes.fromhex(token), signed_in.session_id.bytes)
    except ValueError:
        return False


async def list_sessions(signed_in: SignedIn | SignedInStaff) -> list[LiveSession]:
    """The person's live sessions in this marketplace, newest first."""
    rows = await fetch(
        "SELECT id, started_at, expires_at, user_agent FROM portal_session WHERE marketplace_id = $1"
        f" AND {signed_in.actor.kind}_id = $2 AND state = 'active' AND expires_at > $3"
        " ORDER BY started_at DESC, id DESC",
        signed_in.marketplace_id,
        signed_in.actor.id,
        now(),
    )
    return [LiveSession(**row, current=row["id"] == signed_in.session_id) for row in rows]


async def end_session(signed_in: SignedIn | SignedInStaff, session_id: UUID) -> None:
    """Ends one of the person's own sessions at once. Raises NotFound for any other, an ended one included."""
    owned = await fetch_row(
        f"SELECT FROM portal_session WHERE marketplace_id = $1 AND {signed_in.actor.kind}_id = $2 AND id = $3",
        signed_in.marketplace_id,
        signed_in.actor.id,
        session_id,
    )
    if owned is None:
        raise NotFound("no such session")
    own = session_id == signed_in.session_id
    move = Move(signed_in.actor, "signed_out" if own else "ended_from_another")
    try:
        await fire(PORTAL_SESSION, signed_in.marketplace_id, session_id, "sign_out" if own else "revoke", move)
    except TransitionRefused:
        raise NotFound("no such live session") from None


async def sign_out(signed_in: SignedIn | SignedInStaff) -> None:
    """Ends the session that asks; twice is as good as once."""
    try:
        await end_session(signed_in, signed_in.session_id)
    except NotFound:
        return
