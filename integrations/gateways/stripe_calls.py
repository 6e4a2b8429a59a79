"""Asking Stripe: the client, and what each way of not getting an answer means.

An answer that is not what was asked for (a time-out, a 5xx, a proxy's HTML, JSON of another shape) proves nothing
about the money: it is InDoubt. Only Stripe's own refusals, CardError and InvalidRequestError, pass through to the
caller. Logged are Stripe's codes and request ids; never its messages or bodies, which quote what was sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import msgspec
import stripe

from workflows.billing.gateway import GatewayBusy
from workflows.runtime.errors import InDoubt
from workflows.runtime.logs import logger

log = logger("gateways.stripe")

T = TypeVar("T")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# What the SDK meets when an error's JSON is not an error's.
_CHOKED = (AttributeError, KeyError, TypeError, ValueError)


class DeadlineClient(stripe.HTTPXClient):
    """The SDK's HTTP client with a limit on the whole exchange: httpx's begins anew with each byte that drips in."""

    def __init__(self, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._seconds = seconds

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One try. The SDK repeats it under the same idempotency key when it raises."""
        try:
            async with asyncio.timeout(self._seconds):
                return await super().request_async(method, url, headers, post_data)
        except TimeoutError:
            raise stripe.APIConnectionError("no answer in time", should_retry=True) from None


def client(secret_key: str, api_base: str | None, http: DeadlineClient, network_retries: int) -> stripe.StripeClient:
    """The SDK's client. Raises ValueError for a key or an address that cannot be meant."""
    if not secret_key.startswith(("sk_", "rk_")):
        raise ValueError("STRIPE_SECRET_KEY must be a secret (sk_…) or restricted (rk_…) key")
    if api_base and not _may_have_the_key(api_base):
        raise ValueError("STRIPE_API_BASE must be https://, or a loopback address: the secret key is sent there")
    # It reports timings of earlier calls and keeps an id for it in the home folder.
    stripe.enable_telemetry = False
    # At INFO the SDK logs searches and messages, at DEBUG whole bodies.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    return stripe.StripeClient(
        secret_key,
        base_addresses={"api": api_base.rstrip("/")} if api_base else {},
        http_client=http,
        max_network_retries=network_retries,
    )


async def ask(call: Awaitable[object], shape: type[T]) -> T:
    """The answer to one of the SDK's calls.

    Raises InDoubt, GatewayBusy, and Stripe's refusals: stripe.CardError, stripe.InvalidRequestError.
    """
    try:
        answer = await call
    except (stripe.CardError, stripe.InvalidRequestError) as refusal:
        if _says(refusal, "card_error", "invalid_request_error"):
            raise
        _doubt(refusal)
    except stripe.StripeError as error:
        _doubt(error)
    except _CHOKED:
        _nonsense(shape)
    return read(answer, shape)


async def expect(call: Awaitable[object], shape: type[T]) -> T:
    """The answer to a call that Stripe has no reason to refuse; a refusal is ours to mend. Raises InDoubt."""
    try:
        return await ask(call, shape)
    except (stripe.CardError, stripe.InvalidRequestError) as refusal:
        log_refusal(refusal)
        raise InDoubt(f"Stripe refused: {refusal.code or 'invalid request'}") from None


def read(answer: object, shape: type[T]) -> T:
    """An answer, or part of one, in the shape that it must have. Raises InDoubt."""
    try:
        if isinstance(answer, stripe.StripeObject):
            answer = answer.to_dict()
        return msgspec.convert(answer, shape)
    except (msgspec.ValidationError, *_CHOKED):
        _nonsense(shape)


def error_of(refusal: stripe.StripeError) -> Mapping[str, Any]:
    """The `error` object of a refusal; empty when there is none."""
    body: Any = refusal.json_body
    error: Any = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def log_refusal(refusal: stripe.CardError | stripe.InvalidRequestError) -> None:
    """One log row, without what was refused."""
    param = error_of(refusal).get("param")
    log.error("stripe refused a call", code=refusal.code, param=param, stripe_request=refusal.request_id)


def _nonsense(shape: type[Any]) -> NoReturn:
    log.error("stripe answered nonsense", expected=shape.__name__)
    raise InDoubt("Stripe answered nonsense") from None


def _says(refusal: stripe.StripeError, *types: str) -> bool:
    return error_of(refusal).get("type") in types


def _doubt(error: stripe.StripeError) -> NoReturn:
    facts = {"status": error.http_status, "code": error_of(error).get("code"), "stripe_request": error.request_id}
    if isinstance(error, stripe.RateLimitError):
        log.warning("stripe busy", **facts)
        raise GatewayBusy("Stripe asks to come back later", _retry_after(error)) from None
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError, stripe.IdempotencyError)):
        # Ours to mend: a key rolled or too narrow, or an attempt sent again with other words.
        log.error("stripe refused us", error=type(error).__name__, **facts)
    else:
        log.warning("stripe in doubt", error=type(error).__name__, **facts)
    raise InDoubt(f"Stripe did not say: {type(error).__name__}") from None


def _retry_after(error: stripe.StripeError) -> float | None:
    """The seconds of the header Retry-After, where there is one that can be meant."""
    headers: Mapping[str, str] = error.headers or {}
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(given) if given.isdecimal() and len(given) <= 4 else None


def _may_have_the_key(api_base: str) -> bool:
    parts = urlsplit(api_base)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
