"""The key that signs checkpoints: outside the database, so that whoever rewrites the log cannot sign it again.

A key is known by the beginning of the SHA-256 of its public half. The first one signs itself in (`audit_key`); each
later one is signed in by the one before, which is how somebody who trusts the first comes to trust the last.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from models.database import execute, fetch_all
from workflows.audit.proof.instants import instant
from workflows.runtime.clock import now
from workflows.runtime.errors import WorkflowError
from workflows.runtime.settings import settings

_FORMAT = "gatehouse-key-1"


class KeyUnusable(WorkflowError):
    """Raised when the configured key cannot be read, or has not been signed in by the one before."""

    code = "audit_key_unusable"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key of Ed25519 (RFC 8032)."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public half, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        """What checkpoints call it."""
        return key_id(self.public)

    def sign(self, statement: str) -> bytes:
        """The signature, 64 bytes, over the statement's bytes."""
        return self.private.sign(statement.encode())


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `audit_key`."""

    key_id: str
    public_key: bytes
    statement: str
    signed_by: str
    signature: bytes

    def published(self) -> dict[str, str]:
        """As it is published and exported."""
        return {"type": "key", "statement": self.statement, "key": self.signed_by, "signature": self.signature.hex()}


def key_id(public: bytes) -> str:
    """Sixteen hex digits."""
    return sha256(public).hexdigest()[:16]


def read_key(pem: bytes) -> SigningKey:
    """The private key in a PEM file. Raises KeyUnusable."""
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"no private key in PEM without a password ({type(error).__name__})") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyUnusable("the key is not one of Ed25519")
    return SigningKey(private)


def configured_key() -> SigningKey | None:
    """The deployment's key, by AUDIT_KEY or AUDIT_KEY_FILE; None when there is none. Raises KeyUnusable."""
    if settings().audit_key:
        return read_key(settings().audit_key.encode())
    if not settings().audit_key_file:
        return None
    try:
        return read_key(Path(settings().audit_key_file).read_bytes())
    except OSError as error:
        raise KeyUnusable(f"AUDIT_KEY_FILE cannot be read: {error.strerror}") from None


async def known_keys() -> list[KeyRecord]:
    """All keys that ever signed, the first one first."""
    return await fetch_all(
        KeyRecord, "SELECT key_id, public_key, statement, signed_by, signature FROM audit_key ORDER BY created_at"
    )


async def ready_key() -> SigningKey | None:
    """The key to sign with, signed in; None when there is none. The very first signs itself in.

    Raises KeyUnusable for a key that the one before did not bring in.
    """
    if (key := configured_key()) is None:
        return None
    known = await known_keys()
    if not known:
        await _keep(key, by=key)
    elif known[-1].key_id != key.id:
        what = "was replaced by another" if any(one.key_id == key.id for one in known) else "is not signed in"
        raise KeyUnusable(f"key {key.id} {what}: see `gatehouse audit key rotate`")
    return key


async def rotate(old: SigningKey, new: SigningKey) -> KeyRecord:
    """Brings a new key in by the present one; from here on only the new one seals. Raises KeyUnusable."""
    known = await known_keys()
    if not known:
        await _keep(old, by=old)
    elif known[-1].key_id != old.id:
        raise KeyUnusable(f"key {old.id} is not the one in use, which is {known[-1].key_id}")
    if any(one.key_id == new.id for one in known) or new.id == old.id:
        raise KeyUnusable(f"key {new.id} has been in use already")
    return await _keep(new, by=old)


async def _keep(key: SigningKey, *, by: SigningKey) -> KeyRecord:
    statement = key_statement(key.public, previous="-" if by.id == key.id else by.id, at=now())
    record = KeyRecord(
        key_id=key.id, public_key=key.public, statement=statement, signed_by=by.id, signature=by.sign(statement)
    )
    await execute(
        "INSERT INTO audit_key (key_id, public_key, statement, signed_by, signature) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (key_id) DO NOTHING",
        record.key_id,
        record.public_key,
        record.statement,
        record.signed_by,
        record.signature,
    )
    return record


def key_statement(public: bytes, *, previous: str, at: datetime) -> str:
    """What is signed to bring a key in."""
    lines = (_FORMAT, f"key {key_id(public)}", f"public {public.hex()}", f"previous {previous}", f"at {instant(at)}")
    return "\n".join(lines) + "\n"


def signed(public: bytes, statement: str, signature: bytes) -> bool:
    """Whether that key signed it."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, statement.encode())
    except InvalidSignature:
        return False
    return True
