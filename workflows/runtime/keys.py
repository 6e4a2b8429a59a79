"""The server's keys: one-time links derive from them, cookies are signed and secrets encrypted with them.

The key lives in the environment, never in the database, so that a copy of the database opens nothing. Several may be
given while one is rotated: the first signs, all of them verify.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

from workflows.runtime.clock import now
from workflows.runtime.setting_rules import server_keys
from workflows.runtime.settings import settings


class UnknownKey(KeyError):
    """Raised when something was made with a key that is no longer configured."""


def _keys() -> dict[str, bytes]:
    return server_keys(settings().secret_key)


def key_ids() -> list[str]:
    """The ids of all keys, the one for new things first."""
    return list(_keys())


def current_key_id() -> str:
    """The id of the key that new links derive from."""
    return next(iter(_keys()))


def derive(key_id: str, purpose: str, *fields: bytes) -> bytes:
    """HMAC-SHA-256 (32 bytes) over the purpose and the length-prefixed fields. Raises UnknownKey."""
    key = _keys().get(key_id)
    if key is None:
        raise UnknownKey(key_id)
    message = b"".join(len(field).to_bytes(4, "big") + field for field in (purpose.encode(), *fields))
    return hmac.digest(key, message, "sha256")


def matches(purpose: str, given: bytes, *fields: bytes) -> bool:
    """Whether `given` was derived with any of the keys; in constant time for each."""
    answers = [hmac.compare_digest(given, derive(key_id, purpose, *fields)) for key_id in _keys()]
    return any(answers)


def sign(purpose: str, payload: bytes, lifetime: timedelta) -> str:
    """Returns `payload` with its expiry and signature, as URL-safe text without `=`, which some programs quote in
    cookies. Its holder can read it and not change it."""
    until = int((now() + lifetime).timestamp()).to_bytes(8, "big")
    signature = derive(current_key_id(), f"seal:{purpose}", until, payload)
    return urlsafe_b64encode(signature + until + payload).decode().rstrip("=")


def read_signed(purpose: str, text: str) -> bytes | None:
    """Returns the payload of what `sign` signed for this purpose; None when it has expired or is not ours."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    signature, until, payload = raw[:32], raw[32:40], raw[40:]
    if len(until) < 8 or not matches(f"seal:{purpose}", signature, until, payload):
        return None
    return payload if int.from_bytes(until, "big") > now().timestamp() else None


def token_digest(token: str) -> bytes:
    """SHA-256 of a random token of 128 bits or more: how it is kept at rest."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
