"""The secrets that deliveries are signed with: generated here, shown once, stored encrypted.

Signing needs the secret itself, so a digest is not enough.
"""

import secrets
from base64 import b64encode
from uuid import UUID

from workflows.runtime.encryption import Encrypted, decrypt, encrypt

_LENGTH = 32  # bytes; the specification asks for 24 to 64
_PREFIX = "whsec_"  # secret scanners and the specification's libraries know it
_PURPOSE = "webhook-secret"


def new_secret() -> bytes:
    """Returns a new random secret."""
    return secrets.token_bytes(_LENGTH)


def shown(secret: bytes) -> str:
    """The secret as the merchant keeps it: `whsec_` and base64, as the specification's libraries read it."""
    return _PREFIX + b64encode(secret).decode()


def encrypt_secret(marketplace_id: UUID, secret: bytes) -> Encrypted:
    """The secret as it is stored. It decrypts in the same marketplace only."""
    return encrypt(_PURPOSE, marketplace_id.bytes, secret)


def decrypt_secret(marketplace_id: UUID, encrypted: Encrypted) -> bytes:
    """Returns the secret. Raises keys.UnknownKey when its server key is no longer configured."""
    return decrypt(_PURPOSE, marketplace_id.bytes, encrypted)
