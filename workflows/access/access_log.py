"""Who asked for what, from where, and what came of it: acts that were done, attempts that were refused, readings of the
log. The log of moves names the request; this book says where the request came from (docs/decisions/0032).

The outermost layer of a request opens an `Attempt`; whatever learns something on the way notes it there; what is worth
a row is written before the answer leaves. Attempts that are refused again and again are thinned (sampling.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from models.database import PoolMissing, execute, fetch_value
from workflows.engine.actor import Actor
from workflows.requests.attempt import Attempt, Outcome, attempt
from workflows.runtime.errors import (
    CardRefused,
    Forbidden,
    LinkUnusable,
    NotFound,
    NotSignedIn,
    TooManyRequests,
    TransitionRefused,
)
from workflows.runtime.keys import current_key_id, derive

FORGOTTEN_AT_ONCE = 5000
_CLIENT_BYTES = 16
_NOTHING: Mapping[str, Any] = {}
_REFUSALS = (NotSignedIn, Forbidden, LinkUnusable, TooManyRequests, TransitionRefused, CardRefused)


def note_refusal(error: Exception, reason: str | None = None) -> None:
    """Why it was refused, where that is worth a row: not what was merely mistyped. `reason` where the error's own code
    says less."""
    one = attempt.get()
    if one is None or not (reason or isinstance(error, _REFUSALS) or _is_theirs(error, one)):
        return
    one.outcome, one.reason = "refused", reason or reason_of(error)
    if isinstance(error, LinkUnusable):
        one.entity_id = error.access_token_id
    elif isinstance(error, TransitionRefused):
        one.entity_id = error.entity_id


def _is_theirs(error: Exception, one: Attempt) -> bool:
    """Somebody known asked for what is not there, or not theirs."""
    return isinstance(error, NotFound) and one.actor is not None


def note_reading(details: Mapping[str, Any] = _NOTHING) -> None:
    """That the log is read, and what is filtered by."""
    if (one := attempt.get()) is not None and one.outcome is None:
        one.outcome, one.details = "read", details


def reason_of(error: Exception) -> str:
    """The code of a refusal: an error's own, of a link with what is wrong with it, of a limit with its name."""
    if isinstance(error, LinkUnusable):
        return f"link_{error.because}"
    code = str(getattr(error, "code", "error"))
    limit = getattr(error, "limit", "")
    return f"{code}:{limit}" if limit else code


def client_digest(address: str) -> bytes:
    """An address under the server's key: the same client is the same 16 bytes until the key is rotated, and nobody
    without the key can tell whose."""
    return derive(current_key_id(), "client_address", address.encode())[:_CLIENT_BYTES]


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A row to be written."""

    marketplace_id: UUID | None
    outcome: Outcome
    act: str
    route: str
    reason: str
    status: int
    actor: Actor | None
    session_id: UUID | None
    request_id: str
    client: bytes
    entity_id: UUID | None
    attempts: int = 1
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


_INSERT = (
    "INSERT INTO access_log (marketplace_id, outcome, act, route, reason, status, actor_kind, actor_id, session_id,"
    " request_id, client, entity_id, attempts, details)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
)


class AccessUnwritten(Exception):
    """Raised when the row could not be written: the database is away."""


async def write_access(access: Access) -> None:
    """Adds the row. Raises AccessUnwritten."""
    try:
        await _write(access)
    except (OSError, PoolMissing, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise AccessUnwritten(str(error)) from error


async def _write(access: Access) -> None:
    await execute(
        _INSERT,
        access.marketplace_id,
        access.outcome,
        access.act,
        access.route,
        access.reason,
        access.status,
        None if access.actor is None else access.actor.kind,
        None if access.actor is None else str(access.actor.id),
        access.session_id,
        access.request_id,
        access.client,
        access.entity_id,
        access.attempts,
        access.details,
    )


async def purge_accesses() -> int:
    """Forgets what is older than 13 months, in batches; answers how many rows."""
    forgotten = 0
    while batch := await fetch_value("SELECT forget_accesses($1)", FORGOTTEN_AT_ONCE):
        forgotten += batch
    return forgotten
