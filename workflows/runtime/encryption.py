"""Encryption of secrets that the database keeps: AES-256-GCM, with keys derived from SECRET_KEY (docs/decisions/0043).

The database does not have SECRET_KEY, so a copy of the database reveals no secret. Each value is bound to the row that
it belongs to (`context`, the associated data) and names the key that it was encrypted with.

    encrypted = encrypt("webhook-secret", marketplace_id.bytes, secret)
    decrypt("webhook-secret", marketplace_id.bytes, encrypted)          # the secret
"""

import secrets
from base64 import urlsafe_b64encode
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workflows.runtime.keys import current_key_id, derive, key_ids

_NONCE = 12  # bytes; what AES-GCM is defined for, random for each value


class Encrypted(NamedTuple):
    """A value at rest: nonce, ciphertext and tag (`box`), and the id of the server key that decrypts it."""

    box: bytes
    key_id: str


def encrypt(purpose: str, context: bytes, secret: bytes) -> Encrypted:
    """Encrypts with the current key. Only the same purpose and context decrypt it."""
    key_id, nonce = current_key_id(), secrets.token_bytes(_NONCE)
    return Encrypted(nonce + _cipher(purpose, key_id).encrypt(nonce, secret, context), key_id)


def decrypt(purpose: str, context: bytes, encrypted: Encrypted) -> bytes:
    """Returns the secret. Raises keys.UnknownKey when its server key is no longer configured."""
    nonce, box = encrypted.box[:_NONCE], encrypted.box[_NONCE:]
    return _cipher(purpose, encrypted.key_id).decrypt(nonce, box, context)


def decrypt_fernet(purpose: str, token: bytes) -> bytes | None:
    """Returns the secret of a Fernet token, which second factors were stored as before migration 0028.

    Fernet names no key: all are tried. None when the right one is no longer configured.
    """
    keys = [Fernet(urlsafe_b64encode(derive(key_id, purpose))) for key_id in key_ids()]
    try:
        return MultiFernet(keys).decrypt(token)
    except InvalidToken:
        return None


def _cipher(purpose: str, key_id: str) -> AESGCM:
    return AESGCM(derive(key_id, purpose))
