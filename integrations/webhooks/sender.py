"""One request to one endpoint: in time or not at all, to where it leads and no further, the answer as far as shown.

httpcore rather than a whole client: it follows no redirect, asks no proxy of the environment, keeps no cookie and
unpacks no body, so none of that has to be switched off.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

import httpcore

from integrations.webhooks.guarded_network import AddressRefused, GuardedNetwork, Resolver, resolve
from workflows.runtime.clock import now
from workflows.webhooks.sender import WebhookAnswer

ANSWER_WITHIN = timedelta(seconds=15)  # in all; the specification recommends 15 to 30 s
_KEPT = 1024  # bytes of the answer
_LONGEST_REST = timedelta(days=1)  # that an endpoint may ask for

Error = Literal["address_refused", "connection_failed", "tls_failed", "timed_out", "broken_answer"]


class HttpWebhookSender:
    """Sends over HTTP/1.1, each request by a connection of its own."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._network = GuardedNetwork(resolve, allow_private=allow_private)
        self._tls = tls or ssl.create_default_context()
        self._answer_within = answer_within.total_seconds()

    async def reaches(self, url: str) -> bool:
        """Whether the URL's host leads to public addresses only, as of now."""
        origin = httpcore.URL(url).origin
        try:
            async with asyncio.timeout(self._answer_within / 3):  # somebody waits for a form's answer
                await self._network.checked(origin.host.decode().strip("[]"), origin.port)
        except (AddressRefused, TimeoutError):
            return False
        return True

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Sends one request. What comes after the status changes nothing but the text that is kept."""
        answer = _Answer()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._answer_within):
                await self._exchange(url, headers, body, answer)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, TimeoutError) as error:
            if answer.status is None:
                answer.error = _code(error)
        return WebhookAnswer(
            duration_ms=int((time.monotonic() - began) * 1000),
            status=answer.status,
            error=answer.error,
            text=_text(answer.body),
            retry_after=answer.retry_after,
        )

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes, answer: "_Answer") -> None:
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self._tls, network_backend=self._network, max_connections=1, http1=True, http2=False, retries=0
        )
        async with pool, pool.stream("POST", url, headers=list(headers.items()), content=body) as response:
            answer.status = response.status
            answer.retry_after = _retry_after(response.headers)
            async for chunk in response.aiter_stream():
                answer.body += chunk
                if len(answer.body) >= _KEPT:
                    return


class _Answer:
    """What is known so far; a time-out may come at any moment."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.error: Error | None = None
        self.retry_after: int | None = None
        self.body = b""


def _code(error: Exception) -> Error:
    if isinstance(error, AddressRefused):
        return "address_refused"
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return "timed_out"
    if isinstance(error, httpcore.RemoteProtocolError | httpcore.ReadError):
        return "broken_answer"
    causes = (error, error.__cause__, error.__context__)
    return "tls_failed" if any(isinstance(cause, ssl.SSLError) for cause in causes) else "connection_failed"


def _text(body: bytes) -> str:
    """The body's beginning as text that the database and a page can hold."""
    text = body[:_KEPT].decode("utf-8", "replace")
    return "".join(character if character.isprintable() or character in "\n\t" else "\ufffd" for character in text)


def _retry_after(headers: list[tuple[bytes, bytes]]) -> int | None:
    """The seconds of a Retry-After header (RFC 9110: seconds or a date), at most a day; None for none or nonsense."""
    value = next((value.decode("latin-1") for name, value in headers if name.lower() == b"retry-after"), "").strip()
    seconds: float | None = None
    with suppress(ValueError, TypeError, OverflowError):  # TypeError: a date without its zone
        if value.isdecimal():
            seconds = int(value[:9])
        elif value:
            seconds = (parsedate_to_datetime(value) - now()).total_seconds()
    return None if seconds is None else max(0, min(int(seconds), int(_LONGEST_REST.total_seconds())))
