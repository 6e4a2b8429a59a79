"""How a call to Stripe goes wrong, on order."""

import json
from dataclasses import dataclass, field
from enum import Enum

from tests.fakes.stripe.errors import BUSY, NO_KEY, Json
from tests.fakes.stripe.http import Reply, Request


class Fault(Enum):
    """Before: nothing was done. After: it was done, and kept under its idempotency key."""

    HANG_BEFORE = "says nothing; nothing was done"
    HANG_AFTER = "says nothing; it was done"
    DROP_BEFORE = "hangs up; nothing was done"
    DROP_AFTER = "hangs up; it was done"
    ERROR_500 = "a 500 which its key repeats for a day; nothing was done"
    ERROR_500_AFTER = "a 500 which its key repeats for a day; it was done"
    BAD_GATEWAY = "a proxy's HTML with 502; nothing was done"
    HTML_AFTER = "HTML with 200; it was done"
    NONSENSE = "JSON of another shape with 200; it was done"
    NONSENSE_ERROR = "a 402 whose JSON is no error of Stripe's; nothing was done"
    HALF = "half an answer; it was done"
    DRIP = "an answer that never ends, byte by byte; it was done"
    OTHER_AMOUNT = "an answer with another amount; it was done"
    OTHER_CURRENCY = "an answer in another currency; it was done"
    OTHER_PAYMENT = "an answer about another attempt; it was done"
    BUSY = "429, to come back in 7 seconds; nothing was done"
    UNAUTHORIZED = "401; nothing was done"


DONE = frozenset(
    {
        Fault.HANG_AFTER,
        Fault.DROP_AFTER,
        Fault.ERROR_500_AFTER,
        Fault.HTML_AFTER,
        Fault.NONSENSE,
        Fault.HALF,
        Fault.DRIP,
        Fault.OTHER_AMOUNT,
        Fault.OTHER_CURRENCY,
        Fault.OTHER_PAYMENT,
    }
)


SILENT = frozenset({Fault.HANG_BEFORE, Fault.HANG_AFTER, Fault.DROP_BEFORE, Fault.DROP_AFTER})
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_INSTEAD = {
    Fault.BAD_GATEWAY: Reply(502, _HTML, "text/html"),
    Fault.HTML_AFTER: Reply(200, _HTML, "text/html"),
    Fault.NONSENSE: Reply(200, b'["what", {"did": "you"}, "say"]'),
    Fault.NONSENSE_ERROR: Reply(402, b'{"error": ["payment", "required"]}'),
    Fault.BUSY: Reply(429, json.dumps(BUSY.body).encode(), headers={"Retry-After": "7"}),
    Fault.UNAUTHORIZED: Reply(401, json.dumps(NO_KEY.body).encode()),
}


def answered(fault: Fault | None, status: int, body: Json, headers: dict[str, str]) -> Reply | None:
    """What the client gets; None: nothing."""
    if fault in SILENT:
        return None
    if fault in _INSTEAD:
        return _INSTEAD[fault]
    changed = dict(body)
    if fault is Fault.OTHER_AMOUNT:
        changed |= {"amount": body.get("amount", 0) + 1, "amount_received": body.get("amount", 0) + 1}
    elif fault is Fault.OTHER_CURRENCY:
        changed["currency"] = "clp"
    elif fault is Fault.OTHER_PAYMENT:
        changed["metadata"] = {"gatehouse_charge": "another"}
    text = json.dumps(changed).encode()
    cut, drip = (len(text) // 2 if fault is Fault.HALF else None), (0.05 if fault is Fault.DRIP else 0)
    return Reply(status, text, headers=headers, cut=cut, drip=drip)


@dataclass(slots=True)
class Order:
    """`times` requests to come (None: all) meet the fault; `first_of_key`: only each idempotency key's first."""

    fault: Fault
    method: str
    path: str
    times: int | None
    first_of_key: bool
    keys: set[str] = field(default_factory=set[str])

    def meets(self, request: Request) -> bool:
        """Whether this request does; counts it."""
        if request.method != self.method or request.path != self.path or self.times == 0:
            return False
        key = request.headers.get("idempotency-key", "")
        if self.first_of_key and key in self.keys:
            return False
        self.keys.add(key)
        if self.times is not None:
            self.times -= 1
        return True
