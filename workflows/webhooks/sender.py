"""What webhook delivery asks of an HTTP client. integrations/webhooks/ has the implementation."""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec


class WebhookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request to an endpoint. `status` None: no answer, and `error` is a code that says why.

    `text` is the answer's first kilobyte; `retry_after` the seconds for which it asks to be left alone.
    """

    duration_ms: int
    status: int | None = None
    error: Literal["address_refused", "connection_failed", "tls_failed", "timed_out", "broken_answer"] | None = None
    text: str = ""
    retry_after: int | None = None


class WebhookSender(Protocol):
    """Sends to addresses that strangers chose, and so never to one inside (SSRF)."""

    async def reaches(self, url: str) -> bool:
        """Whether the URL's host leads to public addresses only, as of now. False also for one that leads nowhere."""
        ...

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Sends one request, follows no redirect, and never raises for what the other side does or does not do."""
        ...
