"""API keys: shown once, kept as a digest, each with scopes, revocable, with last use shown.

A key is 256 random bits, so a plain SHA-256 of it cannot be guessed back; it needs no salt and no slow hash.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from models.database import execute, fetch_all, fetch_one, fetch_row, fetch_value, transaction
from workflows.engine.actor import Actor
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.permissions import SCOPES
from workflows.requests.attempt import note_person
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput, NotFound, NotSignedIn

LAST_USE_GRAIN = timedelta(minutes=1)  # finer would make every request a write
LIVE, SANDBOX = "gh_live_", "gh_test_"  # secret scanners and people recognise them
HINT_LENGTH = 12
_SHOWN = "SELECT id, name, hint, scopes, created_at, last_used_at, revoked_at FROM api_key WHERE marketplace_id = $1"


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: str
    scopes: list[str]


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made. `key` is the only time that it is seen."""

    id: UUID
    key: str


class KeyInUse(msgspec.Struct, frozen=True, kw_only=True):
    """The live key that came with a request."""

    id: UUID
    marketplace_id: UUID
    scopes: list[str]

    @property
    def caller(self) -> Caller:
        """The key, as the guards of acts know it."""
        return Caller(kind="api_key", id=self.id, marketplace_id=self.marketplace_id, scopes=self.scopes)


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """What may be seen of a key later: its first characters, never the rest."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


async def make_key(caller: Caller, wanted: KeyRequest) -> NewKey:
    """Makes a key for whoever asks, who can give no scope that they do not have. Raises InvalidInput."""
    wrong = _wrong_name(wanted.name) | ({} if wanted.scopes else {"scopes": "Choose at least one."})
    if wrong:
        raise InvalidInput(wrong)
    if beyond := sorted(set(wanted.scopes) & set(SCOPES) - set(caller.gives())):
        raise InvalidInput({"scopes": f"You cannot give what you do not have: {', '.join(beyond)}."})
    async with transaction():
        made = await create_key(caller.marketplace_id, wanted.name, tuple(wanted.scopes))
        after = {"name": wanted.name.strip(), "scopes": sorted(set(wanted.scopes))}
        await record_change(caller.marketplace_id, caller.actor, f"api_key:{made.id}", "made", after=after)
    return made


async def create_key(marketplace_id: UUID, name: str, scopes: tuple[str, ...] = SCOPES) -> NewKey:
    """Makes a key; only its digest is stored. Raises InvalidInput for an unknown scope or an empty name."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise InvalidInput({"scopes": f"unknown: {', '.join(unknown)}."})
    if wrong := _wrong_name(name):
        raise InvalidInput(wrong)
    sandbox = await fetch_value("SELECT sandbox FROM marketplace WHERE id = $1", marketplace_id)
    key = (SANDBOX if sandbox else LIVE) + secrets.token_urlsafe(32)
    key_id = await fetch_value(
        "INSERT INTO api_key (marketplace_id, name, hint, digest, scopes) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        marketplace_id,
        name.strip(),
        key[:HINT_LENGTH],
        _digest(key),
        sorted(set(scopes)),
    )
    return NewKey(id=key_id, key=key)


def _wrong_name(name: str) -> dict[str, str]:
    return {} if 1 <= len(name.strip()) <= 120 else {"name": "must have 1 to 120 characters."}


def is_key(token: str) -> bool:
    """Whether a bearer token says that it is an API key of ours, a live one or not."""
    return token.startswith((LIVE, SANDBOX))


async def authenticate(key: str) -> KeyInUse:
    """The live key of that text; notes its use, at most once a minute. Raises NotSignedIn."""
    row = await fetch_row(
        "SELECT id, marketplace_id, scopes, last_used_at, revoked_at FROM api_key WHERE digest = $1", _digest(key)
    )
    if row is not None and row["revoked_at"] is not None:
        note_person(row["marketplace_id"], Actor("api_key", row["id"]))  # whose it was; it opens nothing
    if row is None or row["revoked_at"] is not None:
        raise NotSignedIn("no live API key")
    await _note_use(row)
    return KeyInUse(id=row["id"], marketplace_id=row["marketplace_id"], scopes=row["scopes"])


async def _note_use(row: Any) -> None:
    if row["last_used_at"] is not None and now() - row["last_used_at"] < LAST_USE_GRAIN:
        return
    # Several requests may have read the same old value: one of them writes.
    await execute(
        "UPDATE api_key SET last_used_at = $3"
        " WHERE marketplace_id = $1 AND id = $2 AND last_used_at IS NOT DISTINCT FROM $4",
        row["marketplace_id"],
        row["id"],
        now(),
        row["last_used_at"],
    )


async def list_keys(marketplace_id: UUID) -> list[KeyShown]:
    """The marketplace's keys, newest first, revoked ones included."""
    return await fetch_all(KeyShown, f"{_SHOWN} ORDER BY id DESC", marketplace_id)


async def find_key(marketplace_id: UUID, key_id: UUID) -> KeyShown:
    """One of the marketplace's keys. Raises NotFound."""
    found = await fetch_one(KeyShown, f"{_SHOWN} AND id = $2", marketplace_id, key_id)
    if found is None:
        raise NotFound("no such API key")
    return found


async def end_key(caller: Caller, key_id: UUID) -> None:
    """Revokes a key for whoever asks, and writes it down. Raises NotFound."""
    async with transaction():
        key = await find_key(caller.marketplace_id, key_id)
        await revoke_key(caller.marketplace_id, key_id)
        if key.revoked_at is None:
            await record_change(caller.marketplace_id, caller.actor, f"api_key:{key_id}", "revoked")


async def revoke_key(marketplace_id: UUID, key_id: UUID) -> None:
    """Ends a key at once; harmless when it ended before. Raises NotFound for another marketplace's."""
    touched = await execute(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, $3) WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        key_id,
        now(),
    )
    if not touched:
        raise NotFound("no such API key")


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
