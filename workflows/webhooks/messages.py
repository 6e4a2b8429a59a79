"""What leaves for an endpoint: the body, and the headers that prove whose it is (Standard Webhooks 1.0.0).

The body of an event is the same bytes at every try, for every endpoint; what changes is the time of the try, and with
it the signature. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

_AGENT = "Gatehouse-Webhooks/1"


def message_id(event_id: UUID) -> str:
    """`webhook-id`: the receiver's key against doing a thing twice. The same at every try, and for every endpoint."""
    return f"evt_{event_id.hex}"


def body_of(event_type: str, occurred_at: datetime, data: Mapping[str, Any]) -> bytes:
    """The event as JSON, without spaces."""
    at = occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": event_type, "timestamp": at, "data": data})


def headers_of(event_id: UUID, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of a try made at that instant, signed by each of the secrets."""
    identifier, seconds = message_id(event_id), str(int(at.timestamp()))
    content = b".".join([identifier.encode(), seconds.encode(), body])
    signatures = [f"v1,{b64encode(hmac.digest(secret, content, 'sha256')).decode()}" for secret in secrets]
    return {
        "content-type": "application/json",
        "user-agent": _AGENT,
        "webhook-id": identifier,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signatures),
    }
