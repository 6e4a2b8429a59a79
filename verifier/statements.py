"""Signed statements: what checkpoints and keys say, and whether their keys said it (Ed25519, RFC 8032)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_CHECKPOINT = re.compile(
    r"gatehouse-checkpoint-1\n"
    r"marketplace (?P<marketplace>[0-9a-f-]{36})\n"
    r"number (?P<number>[1-9][0-9]{0,17})\n"
    r"size (?P<size>[1-9][0-9]{0,17})\n"
    r"root (?P<root>[0-9a-f]{64})\n"
    r"previous (?P<previous>-|[0-9a-f]{64})\n"
    r"at (?P<at>[0-9T:.-]{26}Z)\n"
    r"(?P<spans>(?:span -?[0-9]{1,20} [0-9]{1,20} [0-9]{1,20}\n)+)",
    re.ASCII,
)
_KEY = re.compile(
    r"gatehouse-key-1\n"
    r"key (?P<key>[0-9a-f]{16})\n"
    r"public (?P<public>[0-9a-f]{64})\n"
    r"previous (?P<previous>-|[0-9a-f]{16})\n"
    r"at (?P<at>[0-9T:.-]{26}Z)\n",
    re.ASCII,
)
_HEX_KEY = re.compile(rb"\s*([0-9a-fA-F]{64})\s*")


class Unfit(ValueError):
    """Raised when something is no statement at all."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint's statement says. `spans`: system → from which transaction until before which."""

    marketplace: str
    number: int
    size: int
    root: bytes
    previous: str
    at: str
    spans: Mapping[str, tuple[int, int]]
    statement: str
    key: str
    signature: bytes

    @property
    def hash(self) -> str:
        """What the next checkpoint names."""
        return sha256(self.statement.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """What a key's statement says. `signer` brought it in, itself when it is the first."""

    id: str
    public: bytes
    signer: str
    statement: str
    signature: bytes


def read_checkpoint(said: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint of a line. Raises Unfit."""
    statement, key, signature = _signed(said)
    if (found := _CHECKPOINT.fullmatch(statement)) is None:
        raise Unfit("the statement is not one of a checkpoint")
    spans: dict[str, tuple[int, int]] = {}
    for line in found["spans"].splitlines():
        _, system, low, high = line.split(" ")
        spans[system] = (int(low), int(high))
    return Checkpoint(
        found["marketplace"],
        int(found["number"]),
        int(found["size"]),
        bytes.fromhex(found["root"]),
        found["previous"],
        found["at"],
        spans,
        statement,
        key,
        signature,
    )


def read_key(said: Mapping[str, Any]) -> Key:
    """The key of a line. Raises Unfit."""
    statement, signer, signature = _signed(said)
    if (found := _KEY.fullmatch(statement)) is None:
        raise Unfit("the statement is not one of a key")
    public = bytes.fromhex(found["public"])
    if key_id(public) != found["key"]:
        raise Unfit("the key's id is not that of its public half")
    if signer != (found["key"] if found["previous"] == "-" else found["previous"]):
        raise Unfit("the key is signed by another than it says")
    return Key(found["key"], public, signer, statement, signature)


def _signed(said: Mapping[str, Any]) -> tuple[str, str, bytes]:
    statement, key, signature = said.get("statement"), said.get("key"), said.get("signature")
    if not isinstance(statement, str) or not isinstance(key, str) or not isinstance(signature, str):
        raise Unfit("statement, key and signature are three texts")
    try:
        return statement, key, bytes.fromhex(signature)
    except ValueError:
        raise Unfit("the signature is not in hexadecimal") from None


def key_id(public: bytes) -> str:
    """What a key is called."""
    return sha256(public).hexdigest()[:16]


def signed(public: bytes, statement: str, signature: bytes) -> bool:
    """Whether the key signed it."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def read_public(content: bytes) -> bytes:
    """The public key of a file, in PEM or as 64 hex digits. Raises Unfit."""
    if (found := _HEX_KEY.fullmatch(content)) is not None:
        return bytes.fromhex(found[1].decode())
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise Unfit("the key is neither a public key in PEM nor 64 hex digits") from None
    if not isinstance(key, Ed25519PublicKey):
        raise Unfit("the key is not one of Ed25519")
    return key.public_bytes_raw()
