"""Mailjet's event webhooks: who may send them, and what they say. They are not signed and have no id of their own.

One object, or an array of what happened within a second (`"Version": 2`). Two deliveries of one event agree in message,
event, time and address: from these comes its digest. Opens and clicks are left out (we track none), and so is what
another program sent with the same account: its CustomID is no UUID.
"""

import base64
import binascii
import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from workflows.emails.delivery.events import Kind, MailEvent, MailEventsMalformed, MailEventsUnsigned

_EARLIEST, _LATEST = 946_684_800, 7_258_118_400  # seconds since 1970: the years 2000 to 2200
_MOST = 10_000  # events in one request; Mailjet groups those of a second
_LONGEST_REASON = 80
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,100}")
# fmt: off
_KINDS: dict[str, Kind] = {
    "sent":    "delivered",     # the recipient's server has taken it
    "bounce":  "soft",          # or hard, as its own field says
    "blocked": "blocked",       # Mailjet did not try
    "spam":    "complaint",
    "unsub":   "unsubscribed",
}
# fmt: on


class _Event(msgspec.Struct, frozen=True):
    """What is read of one, by Mailjet's names."""

    event: str
    time: int | None = None
    email: str | None = None
    MessageID: int | str | None = None
    mj_message_id: str | None = None  # before 2016
    CustomID: str | None = None
    hard_bounce: bool | None = None
    error: str | None = None
    error_related_to: str | None = None
    source: str | None = None


class MailjetEvents:
    """Reads them for whoever comes with `login` (`name:password`, HTTP Basic)."""

    def __init__(self, login: str) -> None:
        self._login = login.encode()

    def check(self, authorization: str | None) -> None:
        """Raises MailEventsUnsigned for another login, or none. Takes the same time for each of the same length."""
        if not hmac.compare_digest(_login_of(authorization), self._login):
            raise MailEventsUnsigned("another login, or none")

    def read(self, body: bytes) -> list[MailEvent]:
        """The events that may be about an e-mail of ours. Raises MailEventsMalformed: then none of them counts."""
        return [event for given in _decoded(body) if (event := _read(given)) is not None]


def _login_of(authorization: str | None) -> bytes:
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _decoded(body: bytes) -> list[dict[str, Any]]:
    try:
        given = msgspec.json.decode(body, type=list[dict[str, Any]] | dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MailEventsMalformed("the body is no event and no list of events") from None
    events = given if isinstance(given, list) else [given]
    if len(events) > _MOST:
        raise MailEventsMalformed(f"more than {_MOST} events at once")
    return events


def _read(given: dict[str, Any]) -> MailEvent | None:
    """None for what is nothing to us; of a type that we do not know, nothing else is looked at."""
    name = given.get("event")
    if not isinstance(name, str):
        raise MailEventsMalformed("an event that does not say what happened")
    if name not in _KINDS:
        return None
    try:
        return _translated(msgspec.convert(given, _Event, strict=False))
    except msgspec.ValidationError:
        raise MailEventsMalformed(f"a {name} event whose fields are not what they should be") from None


def _translated(given: _Event) -> MailEvent | None:
    if given.time is None or not _EARLIEST <= given.time <= _LATEST:
        raise MailEventsMalformed(f"a {given.event} event without its time")
    reference = given.MessageID if given.MessageID is not None else given.mj_message_id
    if reference is None or not _REFERENCE.fullmatch(str(reference)):
        raise MailEventsMalformed(f"a {given.event} event without its message")
    email_id = _uuid(given.CustomID)
    if email_id is None:
        return None
    return MailEvent(
        digest=_digest(reference, given.event, given.time, (given.email or "").lower()),
        email_id=email_id,
        message_reference=str(reference),
        kind="hard" if given.event == "bounce" and given.hard_bounce else _KINDS[given.event],
        reason=_reason(given),
        occurred_at=datetime.fromtimestamp(given.time, UTC),
    )


def _reason(given: _Event) -> str | None:
    """Mailjet's words (`user unknown`, or the program that reported a complaint) as a code."""
    words = given.error or given.error_related_to or given.source or ""
    words = re.sub(r"\S*@\S*", "", words.lower())  # whose address it is stands elsewhere
    code = re.sub(r"[^a-z0-9]+", "_", words).strip("_")[:_LONGEST_REASON]
    return code or None


def _digest(*parts: Any) -> bytes:
    return sha256(msgspec.json.encode([str(part) for part in parts])).digest()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None
