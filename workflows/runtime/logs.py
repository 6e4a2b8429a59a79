"""How every process logs: JSON lines in production, readable lines in development, and never a secret in either.

The standard library's loggers (Dramatiq's, uvicorn's, asyncio's) go through the same processors as our own.
"""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from workflows.runtime.request import request_id

HIDDEN = "[redacted]"

# What a one-time link, a session cookie or an API key looks like: base64url of 256 bits and more. A UUID is shorter.
_TOKEN = re.compile(r"(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[A-Za-z0-9_-]{40,}(?![\w-])")
# Stripe's keys and client secrets, which may be shorter; webhook secrets, Stripe's and our own, which are base64.
_STRIPE = re.compile(r"\b(?:[sr]k_(?:live|test)_\w+|whsec_[\w+/=]+|(?:pi|seti)_\w+?_secret_\w+)")
_LINK_PATH = re.compile(r"/(access|card)/[^\s\"'?#<>]+")
_URL_PASSWORD = re.compile(r"(\w://[^\s:/@]*):[^\s/@]+@")
_SECRET_NAMES = frozenset(
    {"token", "session_token", "secret", "secret_key", "password", "cookie", "authorization", "api_key"}
)


def redact(text: str) -> str:
    """`text` without link tokens, paths of links, cookies, keys and the passwords of URLs."""
    text = _LINK_PATH.sub(rf"/\1/{HIDDEN}", text)
    text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
    text = _STRIPE.sub(HIDDEN, text)
    return _TOKEN.sub(HIDDEN, text)


def configure(environment: str, stream: TextIO | None = None) -> None:
    """Sets up logging for the process; once, before anything logs. `stream` defaults to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]
    last: Processor
    if environment == "production":
        last = structlog.processors.JSONRenderer()
    else:
        last = structlog.dev.ConsoleRenderer(colors=(stream or sys.stderr).isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # as text, before it is searched for secrets; the console's own tracebacks would show local variables
                structlog.processors.format_exc_info,
                _hide_secrets,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # a cached logger would keep the processors of the process's first configuration for ever
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are short names and whose facts are keywords: `log.info("job finished", job=…)`."""
    return structlog.stdlib.get_logger(name)


def _add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (request := request_id.get()) is not None:
        event.setdefault("request_id", request)
    return event


def _hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: object, value: Any) -> Any:
    return HIDDEN if str(name).lower() in _SECRET_NAMES else _without_secrets(value)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: _hidden(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    return value
