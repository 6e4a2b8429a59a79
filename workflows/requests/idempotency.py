"""Requests that may be repeated: whoever sends a key with a write may send it again, and it happens once.

The key is claimed before anything is done. The answer is kept for a day and given again; a run that died or failed
leaves the claim to the next one, with the same `id` for what it makes, so that orders and refunds of both are one
(docs/decisions/0017). No HTTP here.
"""

import hmac
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import msgspec

from models.database import execute, fetch_one, fetch_value
from models.requests.rows import IdempotentRequestRow
from models.row import columns
from workflows.runtime.clock import now
from workflows.runtime.errors import WorkflowError
from workflows.runtime.keys import UnknownKey, current_key_id, derive

ANSWERS_KEPT_FOR = timedelta(hours=24)  # longer than anybody tries the same request again by itself
HELD_FOR = timedelta(seconds=90)  # longer than a gateway and its client's own repetitions take to answer
_PURPOSE = "idempotent_request"


class KeyReused(WorkflowError):
    """Raised when a key comes with another request than the one that it came with first."""

    code = "idempotency_key_reused"


class KeyBusy(WorkflowError):
    """Raised when the first request under a key is still being worked on."""

    code = "idempotency_key_busy"


class ShownOnce(WorkflowError):
    """Raised when a request was done and its answer held a secret, which is kept nowhere."""

    code = "answer_shown_once"


class RepeatableRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request under a key. `content` is all of it that makes it the same request: query, media type, body."""

    marketplace_id: UUID
    principal: str
    method: str
    path: str
    route: str
    key: str
    content: tuple[bytes, ...]

    @property
    def scope(self) -> bytes:
        """Under what it is kept: who asked for what, with which key."""
        parts = (self.principal, self.method, self.path, self.key)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()

    def fingerprint(self, key_id: str) -> bytes:
        """The request as a keyed digest: its body may hold a card's number. Raises UnknownKey."""
        return derive(key_id, _PURPOSE, *self.content)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to do a request. `resumed`: an earlier run had it, and may have done anything."""

    marketplace_id: UUID
    scope: bytes
    id: UUID  # of what the request makes
    run: UUID
    resumed: bool


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the request was answered with."""

    status: int
    headers: dict[str, str]
    body: bytes


async def claim_request(asked: RepeatableRequest) -> Claim | KeptAnswer:
    """Claims the request's key, or answers with what it was answered with. Raises KeyReused, KeyBusy, ShownOnce."""
    while True:
        run = uuid4()
        if (made := await _insert(asked, run)) is not None:
            return Claim(marketplace_id=asked.marketplace_id, scope=asked.scope, id=made, run=run, resumed=False)
        row = await fetch_one(
            IdempotentRequestRow,
            f"SELECT {columns(IdempotentRequestRow)} FROM idempotent_request WHERE marketplace_id = $1 AND scope = $2",
            asked.marketplace_id,
            asked.scope,
        )
        if row is None:
            continue  # forgotten in between
        if row.created_at > now() - ANSWERS_KEPT_FOR:
            return await _known(asked, row, run)
        await _forget(asked.marketplace_id, asked.scope, row.claim)


async def _insert(asked: RepeatableRequest, run: UUID) -> UUID | None:
    key_id = current_key_id()
    return await fetch_value(
        "INSERT INTO idempotent_request (marketplace_id, scope, principal, route, fingerprint, key_id, claim,"
        " claimed_until, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (marketplace_id, scope) DO NOTHING RETURNING id",
        asked.marketplace_id,
        asked.scope,
        asked.principal,
        asked.route,
        asked.fingerprint(key_id),
        key_id,
        run,
        now() + HELD_FOR,
        now(),
    )


async def _known(asked: RepeatableRequest, row: IdempotentRequestRow, run: UUID) -> Claim | KeptAnswer:
    if not _same(asked, row):
        raise KeyReused("another request came with this key")
    if row.status is not None:
        if row.body is None:
            raise ShownOnce("done before")
        return KeptAnswer(status=row.status, headers=row.headers or {}, body=row.body)
    taken = row.claimed_until <= now() and await execute(
        "UPDATE idempotent_request SET claim = $4, claimed_until = $5"
        " WHERE marketplace_id = $1 AND scope = $2 AND claim = $3 AND status IS NULL",
        asked.marketplace_id,
        asked.scope,
        row.claim,
        run,
        now() + HELD_FOR,
    )
    if not taken:
        raise KeyBusy("the first request under this key is being worked on")
    return Claim(marketplace_id=asked.marketplace_id, scope=asked.scope, id=row.id, run=run, resumed=True)


def _same(asked: RepeatableRequest, row: IdempotentRequestRow) -> bool:
    try:
        return hmac.compare_digest(asked.fingerprint(row.key_id), row.fingerprint)
    except UnknownKey:
        return False  # nobody can tell: better refused than done twice


async def keep_answer(claim: Claim, status: int, headers: dict[str, str], body: bytes | None) -> None:
    """Keeps the answer, to be given again; `body` None where it holds a secret. Nothing when another run took over."""
    await execute(
        "UPDATE idempotent_request SET status = $4, headers = $5, body = $6"
        " WHERE marketplace_id = $1 AND scope = $2 AND claim = $3 AND status IS NULL",
        claim.marketplace_id,
        claim.scope,
        claim.run,
        status,
        headers,
        body,
    )


async def release_claim(claim: Claim, *, nothing_done: bool) -> None:
    """Ends a claim without an answer to keep: the request may be sent again at once.

    `nothing_done`: it was refused as it is, so that the key may also come with a corrected one; not so where an
    earlier run may have done something.
    """
    if nothing_done and not claim.resumed:
        await _forget(claim.marketplace_id, claim.scope, claim.run)
        return
    await execute(
        "UPDATE idempotent_request SET claimed_until = $4"
        " WHERE marketplace_id = $1 AND scope = $2 AND claim = $3 AND status IS NULL",
        claim.marketplace_id,
        claim.scope,
        claim.run,
        now(),
    )


async def purge_old_requests() -> int:
    """Forgets requests older than `ANSWERS_KEPT_FOR`; answers how many."""
    return await execute("DELETE FROM idempotent_request WHERE created_at < $1", now() - ANSWERS_KEPT_FOR)


async def _forget(marketplace_id: UUID, scope: bytes, claim: UUID) -> None:
    await execute(
        "DELETE FROM idempotent_request WHERE marketplace_id = $1 AND scope = $2 AND claim = $3",
        marketplace_id,
        scope,
        claim,
    )
