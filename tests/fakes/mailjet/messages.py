"""The Send API's view of a message: what it takes, and how it refuses the rest.

https://dev.mailjet.com/email/guides/send-api-v31/: properties, and the table of "Send API errors".
"""

import re
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

Json = dict[str, Any]

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_TEXTS = {"Subject": 255, "TextPart": None, "HTMLPart": None, "CustomID": None, "EventPayload": None, "URLTags": 4096}
_SWITCHES = {"TrackOpens", "TrackClicks"}
_SWITCHED = {"account_default", "disabled", "enabled"}
_FORBIDDEN_HEADERS = {"from", "to", "cc", "bcc", "subject", "reply-to", "sender", "received", "dkim-signature"}
_KNOWN = {*_TEXTS, *_SWITCHES, "From", "To", "Cc", "Bcc", "ReplyTo", "Headers"}


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the fake accepted: from then on it leaves, whatever the caller hears."""

    id: int
    payload: Json
    idempotency_key: str | None
    at: float = field(default_factory=time.monotonic)

    @property
    def custom_id(self) -> str:
        return self.payload.get("CustomID", "")

    @property
    def recipient(self) -> str:
        return self.payload["To"][0]["Email"]

    @property
    def answer(self) -> Json:
        """Its part of a 200."""
        href = f"https://api.mailjet.com/v3/REST/message/{self.id}"
        to = {"Email": self.recipient, "MessageUUID": str(uuid4()), "MessageID": self.id, "MessageHref": href}
        return {"Status": "success", "CustomID": self.custom_id, "To": [to], "Cc": [], "Bcc": []}


def error(code: str, status: int, message: str, *related: str) -> Json:
    """One error as the API words it; the sentence quotes what was sent."""
    return {
        "ErrorIdentifier": str(uuid4()),
        "ErrorCode": code,
        "StatusCode": status,
        "ErrorMessage": message,
        "ErrorRelatedTo": list(related),
    }


def refused(*errors: Json) -> Json:
    """A message's part of an answer that refuses it."""
    return {"Status": "error", "Errors": list(errors)}


def problems(given: Any, senders: set[str]) -> list[Json]:
    """All that is wrong with a message; none when it is taken."""
    if not isinstance(given, dict):
        return [error("mj-0004", 400, 'Type mismatch. Expected type "message".', "Messages")]
    found = [error("mj-0003", 400, f"{name} is not a property.", name) for name in given if name not in _KNOWN]
    found += [
        error("mj-0003", 400, f"The {name} is mandatory but missing from the input", name)
        for name in ("From", "To")
        if not given.get(name)
    ]
    if not (given.get("TextPart") or given.get("HTMLPart")):
        found.append(error("send-0003", 400, "At least one of the parts must be provided.", "HTMLPart", "TextPart"))
    return [*found, *_texts(given), *_addresses(given), *_sender(given, senders), *_headers(given)]


def _texts(given: Json) -> list[Json]:
    found: list[Json] = []
    for name, longest in _TEXTS.items():
        value = given.get(name, "")
        if not isinstance(value, str):
            found.append(error("mj-0004", 400, 'Type mismatch. Expected type "string".', name))
        elif longest is not None and len(value) > longest:
            found.append(error("mj-0006", 400, f"{name} has more than {longest} characters.", name))
    found += [
        error("mj-0005", 400, f"{given[name]} is not allowed.", name)
        for name in _SWITCHES & given.keys()
        if given[name] not in _SWITCHED
    ]
    return found


def _addresses(given: Json) -> list[Json]:
    places = [("From", given.get("From")), ("ReplyTo", given.get("ReplyTo", given.get("From")))]
    places += [(f"{name}[{n}]", one) for name in ("To", "Cc", "Bcc") for n, one in enumerate(given.get(name, []))]
    found: list[Json] = []
    for place, one in places:
        if not isinstance(one, dict) or set(one) - {"Email", "Name"} or not isinstance(one.get("Email"), str):
            found.append(error("mj-0004", 400, 'Type mismatch. Expected type "email".', place))
        elif not _ADDRESS.fullmatch(one["Email"]):
            found.append(error("mj-0013", 400, f'"{one["Email"]}" is an invalid email address.', f"{place}.Email"))
    return found


def _sender(given: Json, senders: set[str]) -> list[Json]:
    sender = (given.get("From") or {}).get("Email")
    if sender in senders:
        return []
    return [error("send-0008", 403, f'"{sender}" is not an authorized sender email address for your account.', "From")]


def _headers(given: Json) -> list[Json]:
    headers = given.get("Headers", {})
    bad = [name for name in headers if name.lower() in _FORBIDDEN_HEADERS or name.lower().startswith("x-mj")]
    return [error("send-0011", 400, f"{name} is forbidden.", f'Headers["{name}"]') for name in bad]
