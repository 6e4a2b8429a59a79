"""The secrets that deliveries are signed with: drawn, shown once, kept sealed.

Signing needs the secret itself, so no digest will do: it is encrypted (AES-256-GCM) by a key derived from SECRET_KEY,
which the database does not have. A copy of the database signs nothing.
"""

import secrets
from base64 import b64encode
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workflows.runtime.keys import current_key_id, derive

_LENGTH = 32  # bytes; the specification asks for 24 to 64
_NONCE = 12
_PREFIX = "whsec_"  # secret scanners and the specification's libraries know it


class EncryptedSecret(NamedTuple):
    """A secret at rest, and which server key opens it."""

    box: bytes
    key_id: str


def new_secret() -> bytes:
    """A secret of an endpoint's own."""
    return secrets.token_bytes(_LENGTH)


def shown(secret: bytes) -> str:
    """The secret as the merchant keeps it: `whsec_` and base64, as the specification's libraries read it."""
    return _PREFIX + b64encode(secret).decode()


def encrypt(marketplace_id: UUID, secret: bytes) -> EncryptedSecret:
    """The secret as it is stored. It opens in the same marketplace only."""
    key_id, nonce = current_key_id(), secrets.token_bytes(_NONCE)
    return EncryptedSecret(nonce + _cipher(key_id).encrypt(nonce, secret, marketplace_id.bytes), key_id)


def decrypt(marketplace_id: UUID, sealed: EncryptedSecret) -> bytes:
    """The secret. Raises keys.UnknownKey when the server key that sealed it is no longer configured."""
    nonce, box = sealed.box[:_NONCE], sealed.box[_NONCE:]
    return _cipher(sealed.key_id).decrypt(nonce, box, marketplace_id.bytes)


def _cipher(key_id: str) -> AESGCM:
    return AESGCM(derive(key_id, "webhook-secret"))
