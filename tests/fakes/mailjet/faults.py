"""How a call to Mailjet goes wrong, on order."""

import json
from dataclasses import dataclass, field
from enum import Enum

from tests.fakes.mailjet.messages import error
from tests.fakes.stripe.http import Reply


class Fault(Enum):
    """Before: the message was not taken. After: it was."""

    HANG_BEFORE = "says nothing; not taken"
    HANG_AFTER = "says nothing; taken"
    DROP_BEFORE = "hangs up; not taken"
    DROP_AFTER = "hangs up; taken"
    ERROR_500 = "a 500; not taken"
    ERROR_500_AFTER = "a 500; taken"
    BAD_GATEWAY = "a proxy's HTML with 502; not taken"
    FORBIDDEN_HTML = "a proxy's HTML with 403; not taken"
    HTML_AFTER = "HTML with 200; taken"
    NONSENSE = "JSON of another shape with 200; taken"
    OTHER_MESSAGE = "an answer about another message; taken"
    HALF = "half an answer; taken"
    DRIP = "an answer byte by byte; taken"
    BUSY = "429; not taken"
    UNAUTHORIZED = "401; not taken"
    BAD_JSON = "a 400 about the whole request; not taken"
    REDIRECT = "307 to the same address; not taken"
    NO_FILTER = "a look-up that leaves the filter out: the last ten messages"


TAKEN = frozenset(
    {
        Fault.HANG_AFTER,
        Fault.DROP_AFTER,
        Fault.ERROR_500_AFTER,
        Fault.HTML_AFTER,
        Fault.NONSENSE,
        Fault.OTHER_MESSAGE,
        Fault.HALF,
        Fault.DRIP,
    }
)
HANGS = frozenset({Fault.HANG_BEFORE, Fault.HANG_AFTER})
_SILENT = HANGS | {Fault.DROP_BEFORE, Fault.DROP_AFTER}
_HTML = b"<html><body><h1>It works!</h1></body></html>"


@dataclass(slots=True)
class Order:
    """The next `times` calls of a method meet the fault (None: all); `first_of_id`: once for each CustomID."""

    fault: Fault
    method: str
    times: int | None
    first_of_id: bool
    met: set[str] = field(default_factory=set[str])

    def meets(self, method: str, custom_id: str) -> bool:
        if method != self.method or self.times == 0 or (self.first_of_id and custom_id in self.met):
            return False
        self.met.add(custom_id)
        if self.times is not None:
            self.times -= 1
        return True


def _json(status: int, body: object) -> Reply:
    return Reply(status, json.dumps(body).encode())


_500 = _json(500, {"ErrorIdentifier": "D4DF574C", "ErrorMessage": "Internal error", "StatusCode": 500})
_INSTEAD = {
    Fault.ERROR_500: _500,
    Fault.ERROR_500_AFTER: _500,
    Fault.BAD_GATEWAY: Reply(502, _HTML, "text/html"),
    Fault.FORBIDDEN_HTML: Reply(403, _HTML, "text/html"),
    Fault.HTML_AFTER: Reply(200, _HTML, "text/html"),
    Fault.NONSENSE: _json(200, {"Messages": [{"Status": "success", "To": [{"MessageID": "twelve"}]}]}),
    Fault.BUSY: _json(429, {"ErrorMessage": "Too many requests", "StatusCode": 429}),
    Fault.UNAUTHORIZED: _json(401, error("mj-0015", 401, "API key authentication/authorization failure.")),
    Fault.BAD_JSON: _json(400, error("mj-0002", 400, "Malformed JSON, please review the syntax.")),
    Fault.REDIRECT: Reply(307, b"", headers={"Location": "/v3.1/send"}),
}


def answered(fault: Fault | None, status: int, body: object) -> Reply | None:
    """What the caller hears instead; None: nothing."""
    if fault in _SILENT:
        return None
    if fault in _INSTEAD:
        return _INSTEAD[fault]
    whole = json.dumps(body).encode()
    match fault:
        case Fault.OTHER_MESSAGE:
            return Reply(status, whole.replace(b'"CustomID": "', b'"CustomID": "f'))
        case Fault.HALF:
            return Reply(status, whole, cut=len(whole) // 2)
        case Fault.DRIP:
            return Reply(status, whole, drip=0.05)
        case _:
            return Reply(status, whole)
