"""Mailjet's events about messages, as it sends them: one by one or grouped, more than once, in no particular order.

https://dev.mailjet.com/email/guides/webhooks/
"""

import json
import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import httpx

Json = dict[str, Any]
URL = "/webhooks/mailjet/events"
LOGIN = "mailjet:a-password-of-its-own"
_MESSAGE = 1_152_921_504_606_846_977


def an_event(kind: str, custom_id: object, email: str, at: float | None = None, **facts: Any) -> Json:
    """One event as the API has it; `facts` are what its kind has besides."""
    return {
        "event": kind,
        "time": int(time.time() if at is None else at),
        "MessageID": _MESSAGE,
        "Message_GUID": "1ab23cd4-e567-8901-2345-6789f0gh1i2j",
        "email": email,
        "mj_campaign_id": 7257,
        "mj_contact_id": 4,
        "customcampaign": "",
        "CustomID": str(custom_id),
        "Payload": "",
        **facts,
    }


def sent(custom_id: object, email: str, at: float | None = None) -> Json:
    return an_event(
        "sent", custom_id, email, at, mj_message_id=str(_MESSAGE), smtp_reply="sent (250 2.0.0 OK 1433333948 - gsmtp)"
    )


def bounce(custom_id: object, email: str, at: float | None = None, *, hard: bool = True) -> Json:
    why = {"error_related_to": "recipient", "error": "user unknown" if hard else "quota exceeded", "comment": ""}
    return an_event("bounce", custom_id, email, at, blocked=hard, hard_bounce=hard, **why)


def blocked(custom_id: object, email: str, at: float | None = None) -> Json:
    return an_event("blocked", custom_id, email, at, error_related_to="mailjet", error="preblocked", comment="")


def spam(custom_id: object, email: str, at: float | None = None) -> Json:
    return an_event("spam", custom_id, email, at, source="JMRPP")


def authorization(login: str = LOGIN) -> dict[str, str]:
    """The header that Mailjet makes of `https://name:password@…`."""
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}


async def tell(client: httpx.AsyncClient, given: object, login: str = LOGIN) -> httpx.Response:
    """One request with that body."""
    body = given if isinstance(given, (bytes, str)) else json.dumps(given)
    return await client.post(URL, content=body, headers={**authorization(login), "Content-Type": "application/json"})


async def pump(
    client: httpx.AsyncClient, events: Iterable[Json], *, copies: int = 1, shuffle: Random | None = None
) -> list[int]:
    """Sends each event so often, shuffled, in groups of what would have happened within a second; the statuses."""
    waiting = [event for event in events for _ in range(copies)]
    if shuffle is not None:
        shuffle.shuffle(waiting)
    return [(await tell(client, group)).status_code for group in _grouped(waiting, shuffle or Random(1))]


def _grouped(events: Sequence[Json], chance: Random) -> Iterable[Json | list[Json]]:
    left = list(events)
    while left:
        size = chance.randint(0, 3)  # 0: one event, not in an array
        group, left = left[: max(size, 1)], left[max(size, 1) :]
        yield group if size else group[0]
