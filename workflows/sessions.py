"""Signed-in sessions: found by their token, listed for their owner, ended at once."""

import hmac
from typing import Any
from uuid import UUID

from models.database import fetch, fetch_row
from workflows.actor import Actor
from workflows.clock import now
from workflows.errors import NotFound, NotSignedIn, TransitionRefused
from workflows.fire import Move, fire
from workflows.keys import current_key_id, derive, matches, token_digest
from workflows.machines import PORTAL_SESSION
from workflows.portal_views import LiveSession, SignedIn

_FORM_PURPOSE = "form_token"


async def find_session(marketplace_id: UUID | None, session_token: str) -> SignedIn:
    """The customer behind a session token, within `marketplace_id` (None: in the session's own, for the API).

    Raises NotSignedIn when the session is unknown, ended, past its half hour, or another marketplace's.
    """
    row = await fetch_row(
        "SELECT session.id, session.marketplace_id, session.customer_id, session.expires_at, customer.email,"
        " customer.name FROM portal_session AS session JOIN customer ON customer.marketplace_id ="
        " session.marketplace_id AND customer.id = session.customer_id"
        " WHERE session.digest = $1 AND session.state = 'active' AND session.expires_at > $2",
        token_digest(session_token),
        now(),
    )
    if row is None or marketplace_id not in (None, row["marketplace_id"]):
        raise NotSignedIn("no live session")
    return SignedIn(
        session_id=row["id"],
        marketplace_id=row["marketplace_id"],
        customer_id=row["customer_id"],
        email=row["email"],
        name=row["name"],
        expires_at=row["expires_at"],
        form_token=_form_token(row),
    )


def _form_token(row: Any) -> str:
    return derive(current_key_id(), _FORM_PURPOSE, row["id"].bytes).hex()


def check_form_token(signed_in: SignedIn, token: str) -> bool:
    """Whether a form's token belongs to this session; a key rotated meanwhile does not break open pages."""
    if hmac.compare_digest(token.encode("utf-8", "surrogatepass"), signed_in.form_token.encode()):
        return True
    try:
        return matches(_FORM_PURPOSE, bytes.fromhex(token), signed_in.session_id.bytes)
    except ValueError:
        return False


async def list_sessions(signed_in: SignedIn) -> list[LiveSession]:
    """The customer's live sessions in this marketplace, newest first."""
    rows = await fetch(
        "SELECT id, started_at, expires_at, user_agent FROM portal_session WHERE marketplace_id = $1"
        " AND customer_id = $2 AND state = 'active' AND expires_at > $3 ORDER BY started_at DESC, id DESC",
        signed_in.marketplace_id,
        signed_in.customer_id,
        now(),
    )
    return [LiveSession(**row, current=row["id"] == signed_in.session_id) for row in rows]


async def end_session(signed_in: SignedIn, session_id: UUID) -> None:
    """Ends one of the customer's own sessions at once. Raises NotFound for any other, an ended one included."""
    owned = await fetch_row(
        "SELECT FROM portal_session WHERE marketplace_id = $1 AND customer_id = $2 AND id = $3",
        signed_in.marketplace_id,
        signed_in.customer_id,
        session_id,
    )
    if owned is None:
        raise NotFound("no such session")
    own = session_id == signed_in.session_id
    move = Move(Actor("customer", signed_in.customer_id), "signed_out" if own else "ended_from_another")
    try:
        await fire(PORTAL_SESSION, signed_in.marketplace_id, session_id, "sign_out" if own else "revoke", move)
    except TransitionRefused:
        raise NotFound("no such live session") from None


async def sign_out(signed_in: SignedIn) -> None:
    """Ends the session that asks; twice is as good as once."""
    try:
        await end_session(signed_in, signed_in.session_id)
    except NotFound:
        return
